"""A data set: its three splits and where it comes from."""

from dataclasses import dataclass

from kerasreg.datasets.split import Split


@dataclass(frozen=True)
class DataSet:
    """A data set in three fixed splits.

    Args:
        name: The name it was loaded by.
        train: The split to train on.
        validation: The split to choose and stop by.
        test: The split to report on.
        class_names: Name of each label in order, or None where labels are not classes.
        value_range: `(low, high)` of the pixel values, or None where the inputs are not images.
        source: Where the data comes from.
        licence: Its licence, in the words of its source; empty where the source states none.
        citation: What to cite.

    Example:
        >>> import kerasreg
        >>> kerasreg.datasets.load("digits")
        DataSet('digits': 1000 train, 297 validation, 500 test)
    """

    name: str
    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...] | None
    value_range: tuple[float, float] | None
    source: str
    licence: str
    citation: str

    def __repr__(self) -> str:
        sizes = f"{len(self.train)} train, {len(self.validation)} validation, {len(self.test)} test"
        return f"DataSet({self.name!r}: {sizes})"
