"""What to do after a monitored value that is NaN or infinite."""

from typing import Any

import keras
from keras import ops

from kerasreg import _checks
from kerasreg._backend.single_optimizers import single_optimizers
from kerasreg.callbacks.stopping.rollback import Rollback


def checked_policy(value: Any, owner: object) -> Any:
    """Returns the argument `on_nonfinite`: "ignore", "stop" or a `Rollback`."""
    if isinstance(value, Rollback):
        return value
    other = "a `kerasreg.callbacks.Rollback()`"
    return _checks.choice("on_nonfinite", value, owner, ("ignore", "stop"), other)


class Nonfinite:
    """The policy, as a `Run` calls it.

    Args:
        policy: "ignore", "stop" or a `Rollback`.
        owner: The callback, for errors.
    """

    def __init__(self, policy: Any, owner: object):
        self.policy, self.owner = policy, owner

    def begin(self, model: Any) -> None:
        """Refuses a learning rate that cannot be changed, if it is to be."""
        if not isinstance(self.policy, Rollback) or self.policy.lr_factor == 1:
            return
        for optimizer in single_optimizers(getattr(model, "optimizer", None)):
            if optimizer is None or isinstance(optimizer.get_config()["learning_rate"], dict):
                expected = "`lr_factor=1`, as the learning rate of the model is a schedule"
                _checks.refuse("on_nonfinite", self.policy, self.owner, expected)

    def store_beginning(self, run: Any, model: Any) -> None:
        """Stores the weights before the first validation, if one may go back to them."""
        if not isinstance(self.policy, Rollback) or run.kept is None or run.kept.entries:
            return
        if isinstance(model, keras.Model) and model.built:
            if not model.optimizer.built:
                model.optimizer.build(model.trainable_variables)
            run.kept.store_beginning(model)

    def __call__(self, run: Any, model: Any) -> bool:
        """Acts on a value that is not finite; returns whether training is to stop."""
        if not isinstance(self.policy, Rollback):
            return self.policy == "stop"
        if run.rollbacks >= self.policy.times or not run.kept.entries:
            return True
        run.rollbacks += 1
        if hasattr(model, "jax_state_sync"):
            model.jax_state_sync()
        changing = single_optimizers(model.optimizer) if self.policy.lr_factor != 1 else []
        rates = [float(ops.convert_to_numpy(optimizer.learning_rate)) for optimizer in changing]
        run.kept.roll_back(model, self.owner)
        for optimizer, rate in zip(changing, rates, strict=True):
            optimizer.learning_rate = rate * self.policy.lr_factor
        return False
