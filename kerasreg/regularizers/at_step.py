"""The training step for scheduled strengths, in training loops of one's own."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from keras import ops

from kerasreg import _checks
from kerasreg._backend import training_step

_OWNER = "at_step"
_EXPECTED = "an integer of at least 0, or an integer scalar tensor or variable"


@contextlib.contextmanager
def at_step(step: Any) -> Iterator[None]:
    """Within it, penalties have the strength that their schedules have at a step.

    A strength that is a schedule follows the `iterations` of the optimizer of the compiled model
    whose losses are computed: in `fit`, `evaluate`, `train_on_batch`, or when `model.losses` is
    read. A penalty that is called by itself, or whose model is not compiled, has the strength of
    step 0; in compiled code, which would hold that for good, it is an error. A training loop of
    one's own says the step by this.

    Args:
        step: The number of updates so far, an integer of at least 0, or an integer scalar tensor
            or variable, such as `optimizer.iterations`.

    Raises:
        TypeError: If `step` is no integer.
        ValueError: If it is negative, or no scalar.

    Example:
        >>> import keras, kerasreg
        >>> from kerasreg.schedules import Linear
        >>> penalty = kerasreg.regularizers.L2(Linear(0.0, 1.0, steps=10))
        >>> with kerasreg.regularizers.at_step(5):
        ...     float(penalty(keras.ops.array([2.0])))
        2.0
    """
    if hasattr(step, "dtype") and not isinstance(step, np.generic):
        if "int" not in str(step.dtype):
            _checks.refuse("step", step, _OWNER, _EXPECTED, error=TypeError)
        if ops.ndim(step):
            _checks.refuse("step", step, _OWNER, _EXPECTED)
    else:
        step = _checks.whole("step", step, _OWNER)
    with training_step.at_step(step):
        yield
