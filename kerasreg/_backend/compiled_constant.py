"""Whether a compiled step holds a value as a constant.

TensorFlow and PyTorch read a variable at every step. JAX compiles a step as a function of the
variables of one model: what it reads of other variables is their value at that moment, for good.
A value that is traced is an input of the step or computed from one.
"""

from typing import Any

import keras


def is_compiled_constant(value: Any, beside: Any) -> bool:
    """Returns whether a tensor is a constant where another tensor is not."""
    if keras.backend.backend() != "jax":
        return False
    from jax.core import Tracer

    return isinstance(beside, Tracer) and not isinstance(value, Tracer)
