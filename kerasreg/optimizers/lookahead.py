"""Lookahead: k steps forward, 1 step back."""

from typing import Any

import keras
from keras import ops

from kerasreg import _checks
from kerasreg._backend.conditional_assignment import assign_when
from kerasreg._register import register
from kerasreg.optimizers import _wrapped_optimizer
from kerasreg.optimizers._wrapped_optimizer import base_config, build_once, wrapped_optimizer


@register
class Lookahead(keras.optimizers.Optimizer):
    """Lookahead: k steps forward, 1 step back.

    Another optimizer updates the weights of the model (the fast ones) as ever. After every k =
    `sync_period` updates the slow weights, from which these started, follow by a step of size a =
    `slow_step_size`, and the fast ones go on from there:

        slow <- slow + a (fast - slow);   fast <- slow

    The direction of k steps is kept, the noise across it is averaged out, so that larger learning
    rates and less tuning do.

    Between two such steps the model has the fast weights. The paper evaluates the slow ones: for
    these end training, and validate, after a multiple of k updates. What changes the weights from
    outside (loading, early stopping that restores the best ones) is what the slow weights start
    from in the next k updates. The constraint of a weight holds after both kinds of steps.
    Momentum and other state of the optimizer inside are kept, not reset. What it offers stays:
    learning-rate schedules, gradient accumulation (k counts updates), clipping, weight decay,
    `use_ema` (the average of the fast weights). For mixed precision Keras puts a
    `LossScaleOptimizer` around it.

    No known difference from the paper, whose experiments reset the momentum in some cases.

    Args:
        base: The optimizer that makes the fast steps, or its name, such as "adam".
        sync_period: k, the number of updates between two slow steps, 1 or more. Defaults to 6.
        slow_step_size: a, a float above 0, up to 1 (with 1, nothing is changed). Defaults to 0.5.
        name: Name of the optimizer. Defaults to None, a name made of the class.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `sync_period` is less than 1, `slow_step_size` is not above 0 and up to 1, or
            `base` is a `LossScaleOptimizer`.

    Example:
        >>> import keras, kerasreg
        >>> sgd = keras.optimizers.SGD(1.0)
        >>> optimizer = kerasreg.optimizers.Lookahead(sgd, sync_period=2, slow_step_size=0.5)
        >>> weight = keras.Variable(4.0)
        >>> for _ in range(2):
        ...     optimizer.apply([keras.ops.array(1.0)], [weight])
        >>> float(weight)  # two steps to 2, and half of the way back to 4
        3.0

    Reference:
        Zhang, Lucas, Hinton, Ba 2019, Lookahead Optimizer: k steps forward, 1 step back,
        arXiv:1907.08610.
    """

    def __init__(self, base, sync_period=6, slow_step_size=0.5, *, name=None):
        super().__init__(learning_rate=0.0, name=name)
        self.base = wrapped_optimizer(base, self)
        self.sync_period = _checks.whole("sync_period", sync_period, self, low=1)
        expected = "a float above 0, up to 1"
        _checks.number("slow_step_size", slow_step_size, self, low=0, high=1, expected=expected)
        if not slow_step_size:
            _checks.refuse("slow_step_size", slow_step_size, self, expected)
        self.slow_step_size = float(slow_step_size)

    def build(self, variables):
        """Makes the variables of both optimizers."""
        if not self.built:
            self.base.build(variables)
            super().build(variables)
            slow = self.add_optimizer_variables(variables, "slow")
            pairs = zip(variables, slow, strict=True)
            # Keras takes every variable in an attribute of an optimizer for one of its own.
            own: Any = vars(self)
            own["_pairs"] = [pair for pair in pairs if pair[1] is not None]

    def apply(self, grads, trainable_variables=None):
        """Makes a fast step, and the slow one where it is due."""
        build_once(self, trainable_variables)
        # What the weights are when a period begins is what they were when the last one ended,
        # unless someone else has changed them.
        starts = [(slow, lambda slow, fast: fast, (fast,)) for fast, slow in self._pairs]
        assign_when(self._between_periods(), starts)
        self.base.apply(grads, trainable_variables)
        ends = [(fast, self._slow_step(fast.constraint), (slow,)) for fast, slow in self._pairs]
        assign_when(self._between_periods(), ends)

    def _between_periods(self):
        return ops.equal(self.base.iterations % self.sync_period, 0)

    def _slow_step(self, constraint):
        def step(fast, slow):
            value = slow + self.slow_step_size * (fast - slow)
            return value if constraint is None else constraint(value)

        return step

    variables = _wrapped_optimizer.variables
    inner_optimizer = _wrapped_optimizer.inner_optimizer
    iterations = _wrapped_optimizer.iterations
    learning_rate = _wrapped_optimizer.learning_rate
    loss_scale_factor = _wrapped_optimizer.loss_scale_factor
    scale_loss = _wrapped_optimizer.scale_loss
    finalize_variable_values = _wrapped_optimizer.finalize_variable_values
    exclude_from_weight_decay = _wrapped_optimizer.exclude_from_weight_decay

    def get_config(self):
        """Returns the arguments."""
        own = {"sync_period": self.sync_period, "slow_step_size": self.slow_step_size}
        return {**base_config(self), **own}
