"""The precision in which a random layer computes."""

import keras

from kerasreg import _checks


def working_dtype(inputs, owner):
    """Returns the dtype in which to apply noise: float64 for float64 inputs, else float32.

    Args:
        inputs: A tensor.
        owner: The layer.

    Raises:
        TypeError: If the inputs are not floating-point numbers: the noise would be rounded away.
    """
    dtype = keras.backend.standardize_dtype(inputs.dtype)
    if not keras.backend.is_float_dtype(dtype):
        _checks.refuse(
            "inputs",
            dtype,
            owner,
            "floating-point numbers",
            fix="Cast the inputs, to the layer's `compute_dtype` for example.",
            error=TypeError,
        )
    return "float64" if dtype == "float64" else "float32"
