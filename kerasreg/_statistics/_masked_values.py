"""Values that are not finite in masked places, kept away from gradients."""

from keras import ops

from kerasreg._statistics._channels import of_channels


def taken_out(x, mask):
    """Returns `x` with 0 for what is masked and not finite, and what was there, 0 elsewhere.

    A gradient of 0 times infinity is no number, and would become that of all elements: such values,
    of a padding for example, go around the normalization, and no gradient comes back from them.

    Args:
        x: The data.
        mask: Booleans that broadcast against `x`.
    """
    stays = ops.logical_or(mask, ops.isfinite(x))
    return ops.where(stays, x, 0), ops.stop_gradient(ops.where(stays, 0, x))


def put_back(outputs, removed, gamma, axis: int):
    """Returns normalized data with the values in them that `taken_out` took out, times gamma.

    Args:
        outputs: The normalized data.
        removed: What `taken_out` took out.
        gamma: A factor for each channel, or None.
        axis: The channels' axis, not negative.
    """
    values = ops.cast(removed, outputs.dtype)
    if gamma is not None:
        values = values * of_channels(gamma, axis, len(outputs.shape))
    return ops.where(removed == 0, outputs, ops.stop_gradient(values))
