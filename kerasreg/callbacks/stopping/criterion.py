"""What every stopping criterion can do."""

from typing import Any

from kerasreg.callbacks.stopping.curve import Curve


class Criterion:
    """When to stop, as a pure function of the history.

    `EarlyStopping(criterion=...)` asks after each validation, about all values from
    `start_from_epoch` on. The history has, one for each validation, the lists `values` (which may
    be non-finite), `epochs`, `steps` (batches trained) and `training_losses` (NaN where nobody
    knows them); the `direction` ("min" or "max") of the values; and `seconds`, the training time so
    far.

    To write one, subclass, implement `decide` and `get_config`, and register the class with
    `keras.saving.register_keras_serializable`.
    """

    def decide(self, history: Curve) -> tuple[bool, str | None]:
        """Returns whether to stop after the last value, and the reason if so."""
        raise NotImplementedError

    @property
    def deadline_seconds(self) -> float | None:
        """The training time from which on to ask after each batch as well; None for never."""
        return None

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        raise NotImplementedError

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Criterion":
        """Returns the criterion that has this configuration."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.get_config() == self.get_config()

    def __hash__(self) -> int:
        return hash((type(self), repr(self)))

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"
