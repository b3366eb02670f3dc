"""Going back to the best weights when training has blown up."""

from typing import Any

from kerasreg import _checks
from kerasreg._register import register


@register
class Rollback:
    """Rolling back after a value that is not finite.

    For `EarlyStopping(on_nonfinite=Rollback(...))`: when the monitored value is NaN or infinite,
    the model gets the stored weights back (before the first finite value, those at the beginning),
    the optimizer its state of that time, and the learning rate, as it is now, is multiplied by
    `lr_factor`; then training goes on. After `times` such rollbacks the next one stops the
    training. The value counts as a validation without improvement.

    The stored copy has the state of the optimizer in it, which takes the room of the weights once
    more for SGD with momentum, twice for Adam.

    Differs from the paper, which goes back some hundred steps and leaves out the batches there:
    here the seeds of random layers go on, so that what follows is not the same again.

    Args:
        lr_factor: What the learning rate is multiplied by, between 0 and 1. 1 leaves it, also where
            it is a schedule. Defaults to 0.5.
        times: Most rollbacks in a training, at least 1. Defaults to 5.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument has a wrong value.

    Example:
        >>> import kerasreg
        >>> rollback = kerasreg.callbacks.Rollback(lr_factor=0.3)
        >>> stopper = kerasreg.callbacks.EarlyStopping("val_loss", on_nonfinite=rollback)

    Reference:
        Chowdhery et al. 2022, PaLM: Scaling Language Modeling with Pathways, arXiv:2204.02311,
        section 5.1.
    """

    def __init__(self, lr_factor=0.5, *, times=5):
        self.lr_factor = _checks.number("lr_factor", lr_factor, self, low=0, high=1)
        if self.lr_factor == 0:
            _checks.refuse("lr_factor", lr_factor, self, "a float above 0 and at most 1")
        self.times = _checks.whole("times", times, self, low=1)

    def get_config(self):
        """Returns the constructor arguments."""
        return {"lr_factor": self.lr_factor, "times": self.times}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Rollback":
        """Returns the object that has this configuration."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rollback) and other.get_config() == self.get_config()

    def __hash__(self) -> int:
        return hash((Rollback, self.lr_factor, self.times))

    def __repr__(self) -> str:
        return f"Rollback({self.lr_factor}, times={self.times})"
