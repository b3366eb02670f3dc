"""A copy of variables that stays on their device."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops


class DeviceCopy:
    """One copy of the values of some variables, written over when it is taken anew.

    On TensorFlow a single compiled call assigns all variables. It copies nothing itself: both
    variables share the memory until the next update of the original writes into new memory. On
    JAX a compiled call writes the values into the memory of the copy before; on PyTorch they are
    copied into tensors that stay.

    Args:
        variables: The Keras variables.
    """

    def __init__(self, variables: Sequence[Any]):
        self.variables = list(variables)
        self.buffers: list[Any] = []
        self._refill: Any = None
        self._kind: Any = _KINDS[keras.config.backend()]

    def take(self) -> None:
        """Stores the values that the variables have now."""
        self._kind.take(self)

    def put(self, index: int, variable: Any) -> None:
        """Assigns the stored value of one of the variables to this or another one."""
        variable.assign(self._kind.owned(self.buffers[index]))

    def array(self, index: int) -> np.ndarray:
        """Returns the stored value of one of the variables."""
        return np.array(ops.convert_to_numpy(self.buffers[index]))


class _OnTensorFlow:
    @staticmethod
    def take(copy):
        from kerasreg._backend.tensorflow import tf

        if not copy.buffers:
            for variable in copy.variables:
                with tf.device(variable.value.device):
                    copy.buffers.append(tf.Variable(variable.value, trainable=False))
            return
        if copy._refill is None:
            pairs = [(b, v.value) for b, v in zip(copy.buffers, copy.variables, strict=True)]

            def refill():
                for buffer, value in pairs:
                    buffer.assign(value, read_value=False)

            # As a `tf.function` it would hash all that it captures at every call.
            copy._refill = tf.function(refill, autograph=False).get_concrete_function()
        copy._refill()

    @staticmethod
    def owned(buffer):
        return buffer  # the variable and the copy share memory until one of them changes


class _OnJAX:
    @staticmethod
    def take(copy):
        import jax

        values = [variable.value for variable in copy.variables]
        if copy._refill is None:
            # The training step is given the memory of the variables, so that a reference to their
            # values would not last.
            copy._refill = jax.jit(
                lambda old, new: [jax.numpy.copy(each) for each in new],
                donate_argnums=0,
                keep_unused=True,
            )
        # From nothing the first time: no old values are there to be written over.
        copy.buffers = copy._refill(copy.buffers, values)

    @staticmethod
    def owned(buffer):
        return buffer.copy()


class _OnTorch:
    @staticmethod
    def take(copy):
        import torch

        values = [variable.value.detach() for variable in copy.variables]
        if not copy.buffers:
            copy.buffers = [value.clone() for value in values]
        else:
            torch._foreach_copy_(copy.buffers, values)

    @staticmethod
    def owned(buffer):
        return buffer


_KINDS = {"tensorflow": _OnTensorFlow, "jax": _OnJAX, "torch": _OnTorch}
