"""Where the moving averages of a model's variables are."""

from typing import Any

import keras

from kerasreg._backend.running_fit import running_fit
from kerasreg._backend.single_optimizers import single_optimizers
from kerasreg._backend.weight_averages import averages_of


def averaged_variables(model: Any) -> dict[int, Any]:
    """Returns the moving average of each variable that has one, by the variable's id.

    With `use_ema=True` Keras overwrites the variables with these averages when `fit` ends. While
    a `keras.callbacks.SwapEMAWeights` has swapped the two, the averages are in the variables
    themselves, and the answer is empty. The averages of a `WeightAveraging` callback, which stand
    for all weights and come into the model last, go before those of the optimizer.

    Private attributes of Keras, which has no public way to ask: `_trainable_variables` and
    `_model_variables_moving_average` of an optimizer, `SwapEMAWeights._ema_weights_in_model`.

    Args:
        model: A compiled Keras model.
    """
    averages = averages_of(model)
    if averages is not None:
        return averages.by_weight()
    fit = running_fit(model)
    if fit is not None and any(
        isinstance(callback, keras.callbacks.SwapEMAWeights) and callback._ema_weights_in_model
        for callback in fit.callbacks.callbacks
    ):
        return {}
    return {
        id(variable): average
        for optimizer in single_optimizers(getattr(model, "optimizer", None))
        for variable, average in zip(
            getattr(optimizer, "_trainable_variables", ()),
            getattr(optimizer, "_model_variables_moving_average", ()),
            strict=False,
        )
        if average is not None
    }
