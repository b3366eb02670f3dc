"""A validation in the middle of training that training does not notice."""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasreg._backend.every_layer import every_layer, own_weights
from kerasreg._backend.random_states import kept_random_states


def validate_unnoticed(
    model: Any, data: Any, batch_size: int | None = None, steps: int | None = None
) -> dict[str, float]:
    """Returns what `evaluate` says of some data, by names without `val_`, and leaves no trace.

    Callable from any hook of a callback, also after a batch. Training goes on bit for bit as if
    nothing had happened: its running metrics, what layers keep beside their weights (seeds, counts,
    moving statistics), and on PyTorch the state of the random generators and the mode of the model.

    No callback hears of it. Metrics that a callback has added to the model are in the result.

    Args:
        model: A compiled model.
        data: As `fit` takes `validation_data`: a tuple `(x, y)` or `(x, y, sample_weight)` of
            arrays, a `tf.data.Dataset`, a `keras.utils.PyDataset` or the like.
        batch_size: Examples in a batch, for arrays. Defaults to that of Keras.
        steps: Number of batches; all by default.
    """
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    with unnoticed(model):
        return model.evaluate(
            x,
            y,
            batch_size=batch_size,
            verbose=0,
            sample_weight=sample_weight,
            steps=steps,
            return_dict=True,
        )


@contextlib.contextmanager
def unnoticed(model: Any) -> Iterator[None]:
    """Puts back in the end what `evaluate` or `predict` may change; not weights in training."""
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()
    variables = _passing_state(model)
    # Copies: JAX gives the memory of a variable away, the others write over it.
    values = [np.array(ops.convert_to_numpy(variable.value)) for variable in variables]
    training_mode = getattr(model, "training", None)  # of a `torch.nn.Module`
    stop_evaluating = getattr(model, "stop_evaluating", False)
    with kept_random_states():
        try:
            yield
        finally:
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
            model.stop_evaluating = stop_evaluating
            if training_mode is not None and keras.config.backend() == "torch":
                model.train(training_mode)


def _passing_state(model):
    """Returns all variables of a model but the weights that are trained or were frozen."""
    layers = [model, *every_layer(model)]
    weights = {id(v) for layer in layers for v in own_weights(layer)}
    variables = [*model.metrics_variables, *model.non_trainable_variables]
    return list({id(v): v for v in variables if id(v) not in weights}.values())
