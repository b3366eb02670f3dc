"""The mean of the best weights."""

from typing import Any

from kerasreg import _checks
from kerasreg._register import register


@register
class TopK:
    """Averaging of the weights of the k best validations.

    For `EarlyStopping(restore=TopK(k))`: in the end the model has the mean of the weights that it
    had at its `k` best validations, of fewer if there were fewer. Weights that are integers come
    from the best one. It takes room for `k` copies of the weights.

    Means of the moving statistics of batch normalization are not the statistics of the mean model:
    follow up with `kerasreg.models.reestimate_batch_norm`.

    Differs from the paper, which averages the last checkpoints: these are the best ones.

    Args:
        k: How many, an integer of at least 1.

    Raises:
        TypeError: If `k` is not an integer.
        ValueError: If `k` is less than 1.

    Example:
        >>> import kerasreg
        >>> restore = kerasreg.callbacks.TopK(3)
        >>> stopper = kerasreg.callbacks.EarlyStopping("val_loss", patience=5, restore=restore)

    Reference:
        Vaswani et al. 2017, Attention Is All You Need, arXiv:1706.03762, section 6.1. Izmailov et
        al. 2018, Averaging Weights Leads to Wider Optima and Better Generalization,
        arXiv:1803.05407.
    """

    def __init__(self, k):
        self.k = _checks.whole("k", k, self, low=1)

    def get_config(self):
        """Returns the constructor arguments."""
        return {"k": self.k}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "TopK":
        """Returns the object that has this configuration."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TopK) and other.k == self.k

    def __hash__(self) -> int:
        return hash((TopK, self.k))

    def __repr__(self) -> str:
        return f"TopK({self.k})"
