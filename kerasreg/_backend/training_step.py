"""How many times the weights of a model have been updated, asked from within one of its losses.

A regularizer is called with weights and is told neither the model nor the step. The model, and its
optimizer, whose `iterations` are the count, stand on the stack as `self` of the methods of Keras
that ask for losses. On JAX a compiled step is a function of variables that are handed to it: in
training, the optimizer's are in `optimizer_variables` of `JAXTrainer.compute_loss_and_updates`; in
evaluation they are not there, and the number comes from the host at each step.

`jax_state_sync`, which Keras calls before each validation, makes that number the current one.
Frames of `compute_output_spec` and `symbolic_call` show that Keras looks for shapes only.
"""

import contextlib
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

import keras
import numpy as np
from keras import ops

_here = threading.local()


class UnknownStepError(Exception):
    """The step is not known, and would be a constant of compiled code."""


@contextlib.contextmanager
def at_step(step: Any) -> Iterator[None]:
    """Within it, this is the step.

    Args:
        step: An integer, or an integer scalar tensor or variable; None for what is found out.
    """
    before = getattr(_here, "step", None)
    _here.step = step
    try:
        yield
    finally:
        _here.step = before


def step_of(model: Any) -> Any:
    """Returns how many updates a model has had, 0 if it has no optimizer; for `at_step`."""
    optimizer = getattr(model, "optimizer", None)
    return 0 if optimizer is None else optimizer.iterations


def training_step(beside: Any) -> Any:
    """Returns the step as an int32 scalar tensor: the number of updates so far.

    It is that of `at_step`, or of the optimizer of the model that computes its losses, or of which
    a layer is called; 0 where there is none.

    Args:
        beside: A tensor that is traced if the step has to be.

    Raises:
        UnknownStepError: If the code is being compiled and nothing in it tells the step.
    """
    if keras.config.backend() == "torch":
        import torch

        return torch.compiler.disable(_training_step)(beside)
    return _training_step(beside)


def _training_step(beside):
    step = getattr(_here, "step", None)
    if step is not None:
        return ops.cast(ops.convert_to_tensor(step), "int32")
    frames = list(_frames())
    optimizer = next(filter(None, map(_optimizer, frames)), None)
    if optimizer is None:
        if _is_traced(beside) and not _looks_for_shapes(frames):
            raise UnknownStepError
        return ops.convert_to_tensor(0, "int32")
    if keras.config.backend() == "jax":
        return _on_jax(optimizer, frames, beside)
    return ops.cast(optimizer.iterations, "int32")


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back


def _optimizer(frame):
    own = frame.f_locals.get("self")
    return getattr(own, "optimizer", None) if isinstance(own, keras.Model) else None


def _looks_for_shapes(frames):
    return any(each.f_code.co_name in ("compute_output_spec", "symbolic_call") for each in frames)


def _is_traced(tensor):
    backend = keras.config.backend()
    if backend == "tensorflow":
        from kerasreg._backend.tensorflow import tf

        return not tf.executing_eagerly()
    if backend == "jax":
        from jax.core import Tracer

        return isinstance(tensor, Tracer)
    return False


def _on_jax(optimizer, frames, beside):
    found = (each for each in frames if each.f_code.co_name == "compute_loss_and_updates")
    frame = next(found, None) if _is_traced(beside) else None
    if frame is None:
        step = ops.cast(optimizer.iterations, "int32")
        if _is_traced(beside) and not _is_traced(step) and not _looks_for_shapes(frames):
            raise UnknownStepError
        return step
    values = frame.f_locals["optimizer_variables"]
    if values is None:
        return _from_host(optimizer)
    with keras.StatelessScope(state_mapping=list(zip(optimizer.variables, values, strict=True))):
        return ops.cast(optimizer.iterations, "int32")


def _from_host(optimizer):
    import jax

    def read():
        return np.asarray(ops.convert_to_numpy(optimizer.iterations), "int32")

    return jax.pure_callback(read, jax.ShapeDtypeStruct((), "int32"))
