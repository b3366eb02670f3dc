"""The unit of a draw: one for the batch, for each sample or for each element."""

from kerasreg import _checks

BATCH_OR_SAMPLE = ("batch", "sample")


def noise_shape(unit, x, owner):
    """Returns the shape of the noise for a tensor, as `_random.noise_shape` takes it.

    Args:
        unit: "batch", "sample" or "element".
        x: A tensor of known rank; its first axis is that of the samples.
        owner: The layer.

    Raises:
        ValueError: If `x` is a scalar, which has no samples.
    """
    if len(x.shape) == 0:
        _checks.refuse("inputs", tuple(x.shape), owner, "a shape of rank 1 or more")
    if unit == "batch":
        return (1,)
    return (None,) + (1,) * (len(x.shape) - 1) if unit == "sample" else None
