"""L2 from a starting point."""

import base64
import zlib

import keras
import numpy as np
from keras import ops

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.regularizers._strength import at_present, penalty_strength
from kerasreg.regularizers._sums import as_loss, square_sum, widened
from kerasreg.schedules._strength import saved_strength

_EXPECTED = "an array of finite numbers, or a variable"


@register
class L2SP(keras.regularizers.Regularizer):
    """L2-SP penalty: the squared distance to the weights that training started from.

    Adds `strength * sum((w - w0)^2)` to the loss, with `w0` a copy of pretrained weights: in
    transfer learning plain L2 pulls the weights towards 0 and so away from what they know. It is
    for the layers that were pretrained; new ones take `L2`. `SoftSharing` is the distance to
    weights that are trained themselves.

    The reference is part of the configuration, compressed: a saved model is larger by its size.
    Differs from the paper in the factor: strength is its alpha / 2.

    Args:
        strength: Factor of the penalty, a float of at least 0, or a schedule.
        reference: The pretrained weights, an array or a variable, whose value at this moment is
            copied; of the shape of the weights that have the penalty.

    Raises:
        TypeError: If `strength` is not a number or `reference` not made of numbers.
        ValueError: If `strength` is negative or not finite, or `reference` not finite; or, when
            called, if the weights have another shape.

    Example:
        >>> import keras, kerasreg
        >>> penalty = kerasreg.regularizers.L2SP(0.5, reference=[[1.0, 2.0]])
        >>> float(penalty(keras.ops.array([[1.0, 4.0]])))
        2.0

    Reference:
        Li, Grandvalet, Davoine 2018, Explicit Inductive Bias for Transfer Learning with
        Convolutional Networks, arXiv:1802.01483.
    """

    def __init__(self, strength, reference):
        self.strength = penalty_strength("strength", strength, self)
        self.reference = _checked_reference(reference, self)

    def __call__(self, x):
        x = widened(x)
        if tuple(x.shape) != self.reference.shape:
            expected = f"weights of the shape {tuple(x.shape)}, that of the penalty's own weights"
            _checks.refuse("reference", self.reference.shape, self, expected)
        distance = square_sum(x - ops.convert_to_tensor(self.reference, x.dtype))
        return as_loss(at_present(self.strength, x, self) * distance)

    def get_config(self):
        packed = base64.b64encode(zlib.compress(self.reference.tobytes())).decode()
        shape, dtype = list(self.reference.shape), self.reference.dtype.str
        return {
            "strength": saved_strength(self.strength),
            "reference": {"shape": shape, "dtype": dtype, "zlib": packed},
        }

    @classmethod
    def from_config(cls, config):
        saved = config["reference"]
        values = np.frombuffer(zlib.decompress(base64.b64decode(saved["zlib"])), saved["dtype"])
        return cls(config["strength"], values.reshape(saved["shape"]))


def _checked_reference(reference, owner):
    """Returns a copy that nothing changes, float64 where the reference is, else float32."""
    if isinstance(reference, keras.Variable) or keras.ops.is_tensor(reference):
        reference = ops.convert_to_numpy(ops.cast(reference, _wide(reference.dtype)))
    try:
        values = np.array(reference)
    except ValueError:  # rows of different lengths
        _checks.refuse("reference", reference, owner, _EXPECTED, error=TypeError)
    if values.dtype.kind not in "iuf" and values.dtype.name != "bfloat16":
        _checks.refuse("reference", reference, owner, _EXPECTED, error=TypeError)
    is_double = values.dtype.kind == "f" and values.dtype.itemsize >= 8
    values = values.astype("float64" if is_double else "float32")
    if not np.isfinite(values).all():
        _checks.refuse("reference", "values that are not finite", owner, _EXPECTED)
    values.flags.writeable = False
    return values


def _wide(dtype):
    return keras.backend.result_type(dtype, "float32")
