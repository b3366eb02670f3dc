"""An optimizer around another one: what it is asked for is what the other one says and does.

A wrapper holds the other optimizer as `base`, and takes from here what it only forwards:

    class Doubled(keras.optimizers.Optimizer):
        def __init__(self, base, *, name=None):
            super().__init__(learning_rate=0.0, name=name)
            self.base = wrapped_optimizer(base, self)

        def build(self, variables):
            if not self.built:
                self.base.build(variables)
                super().build(variables)

        def apply(self, grads, trainable_variables=None):
            build_once(self, trainable_variables)
            self.base.apply([2 * grad for grad in grads], trainable_variables)

        variables = _wrapped_optimizer.variables
        ...

        def get_config(self):
            return base_config(self)

Keras takes it for any other optimizer: learning-rate schedules and callbacks reach the learning
rate of `base`, a `LossScaleOptimizer` goes around it, `use_ema` and gradient accumulation are those
of `base`, and its state is saved with that of the wrapper.
"""

import keras

from kerasreg import _checks


def wrapped_optimizer(base, owner):
    """Returns the optimizer that an argument `base` means.

    Args:
        base: An optimizer, its name, or its saved form.
        owner: The wrapper.

    Raises:
        TypeError: If it is something else.
        ValueError: If Keras knows no optimizer of that name, or if it scales losses.
    """
    if isinstance(base, str | dict):
        try:
            base = keras.optimizers.get(base)
        except ValueError:
            _checks.refuse("base", base, owner, "an optimizer, or the name of one of Keras")
    _checks.instance("base", base, owner, keras.optimizers.Optimizer, "an optimizer")
    if isinstance(base, keras.optimizers.LossScaleOptimizer):
        fix = f"Wrap the other way round: `LossScaleOptimizer({type(owner).__name__}(...))`."
        _checks.refuse("base", base, owner, "an optimizer that does not scale losses", fix=fix)
    return base


def build_once(self, trainable_variables):
    """Builds an optimizer on the variables of its first `apply`, unless it is built."""
    if not self.built:
        self.build(list(trainable_variables))


def base_config(self):
    """Returns what `get_config` of every wrapper has."""
    return {"name": self.name, "base": keras.saving.serialize_keras_object(self.base)}


@property  # type: ignore[misc]
def variables(self):
    """The variables of the wrapper, then those of the optimizer inside."""
    return [*keras.optimizers.Optimizer.variables.fget(self), *self.base.variables]


@property  # type: ignore[misc]
def inner_optimizer(self):
    """The optimizer inside, by the name under which Keras' callbacks look for it."""
    return self.base


@property  # type: ignore[misc]
def iterations(self):
    """The number of updates."""
    return self.base.iterations


def _learning_rate(self):
    """The learning rate."""
    return self.base.learning_rate


def _set_learning_rate(self, value):
    self.base.learning_rate = value


learning_rate = property(_learning_rate, _set_learning_rate)


def _loss_scale_factor(self):
    """The factor of the loss, by which the optimizer inside divides gradients; or None."""
    return self.base.loss_scale_factor


def _set_loss_scale_factor(self, value):
    # The constructor of Keras sets it, too, before there is an optimizer inside.
    if "base" in vars(self):
        self.base.loss_scale_factor = value


loss_scale_factor = property(_loss_scale_factor, _set_loss_scale_factor)


def scale_loss(self, loss):
    """Returns the loss times the factor by which the optimizer inside will divide."""
    return self.base.scale_loss(loss)


def finalize_variable_values(self, var_list):
    """Gives weights the values with which training ends, such as their moving averages."""
    self.base.finalize_variable_values(var_list)


def exclude_from_weight_decay(self, var_list=None, var_names=None):
    """Excludes variables from the weight decay of the optimizer inside."""
    self.base.exclude_from_weight_decay(var_list=var_list, var_names=var_names)
