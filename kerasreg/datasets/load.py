"""A data set by its name."""

import difflib
import importlib
import os
from collections.abc import Callable
from types import ModuleType

from kerasreg import _checks
from kerasreg.datasets import _digits
from kerasreg.datasets.data_set import DataSet
from kerasreg.datasets.split import Split


def load(
    name: str, *, data_dir: str | os.PathLike[str] | None = None, download: bool = True
) -> DataSet:
    """Loads a data set by its name.

    `"digits"` is embedded: 1,797 handwritten digits of 8x8 pixels with the values 0 to 16 (UCI
    Optical Recognition of Handwritten Digits, CC BY 4.0), in fixed and stratified splits of
    1,000 for training, 297 for validation and 500 for testing, each shuffled once and for all: the
    first n digits of a split are a random sample of it.

    Every other name is one of `tensorflow-datasets`: `"mnist"`, `"fashion_mnist"`, `"cifar10"` and
    some hundred more, which are downloaded and prepared at the first call. They need
    `pip install "kerasreg[data]"`. Where a data set has no validation or no test split, it is cut
    from the end of its training split, 10 percent each (test last): MNIST comes as 54,000,
    6,000 and 10,000 images.

    Args:
        name: The data set's name.
        data_dir: Folder of the prepared data sets of `tensorflow-datasets`. Defaults to
            `~/tensorflow_datasets`.
        download: Whether a data set that is not in `data_dir` may be downloaded. Defaults to True.

    Returns:
        A `DataSet`, with `train`, `validation` and `test`.

    Raises:
        ValueError: If no data set has that name, or if it has no `(input, label)` pairs or no
            training split.
        ImportError: If `tensorflow-datasets` is needed and not installed.
        FileNotFoundError: If the data set is not prepared and `download` is False.
        ConnectionError: If it has to be downloaded and the network does not answer.

    Example:
        >>> import kerasreg
        >>> data = kerasreg.datasets.load("digits")
        >>> data.train.images.shape, data.class_names[data.train.labels[0]]
        ((1000, 8, 8, 1), '...')

    Reference:
        Alpaydin, Kaynak 1998, Optical Recognition of Handwritten Digits, UCI Machine Learning
        Repository, doi:10.24432/C50P49.
    """
    _checks.instance("name", name, "load", str, "the name of a data set")
    download = _checks.boolean("download", download, "load")
    if name in EMBEDDED:
        return EMBEDDED[name]()
    tfds = _tensorflow_datasets(name)
    from kerasreg.datasets import _tfds

    known = [*EMBEDDED, *tfds.list_builders(with_community_datasets=False)]
    if name.split("/")[0].split(":")[0] not in known:
        _refuse_name(name, known)
    return _tfds.load(name, data_dir, download)


def _load_digits() -> DataSet:
    splits = {name: Split.from_arrays(*pair) for name, pair in _digits.read_digits().items()}
    return DataSet(
        "digits",
        **splits,
        class_names=_digits.CLASS_NAMES,
        value_range=_digits.VALUE_RANGE,
        source=_digits.SOURCE,
        licence=_digits.LICENCE,
        citation=_digits.CITATION,
    )


EMBEDDED: dict[str, Callable[[], DataSet]] = {"digits": _load_digits}


def _tensorflow_datasets(name: str) -> ModuleType:
    try:
        return importlib.import_module("tensorflow_datasets")
    except ImportError as error:
        raise ImportError(
            f"Loading {name!r} needs tensorflow-datasets, which cannot be imported ({error}): "
            f'pip install "kerasreg[data]". Embedded, and there without it: {", ".join(EMBEDDED)}.'
        ) from error


def _refuse_name(name: str, known: list[str]) -> None:
    near = difflib.get_close_matches(name, known, n=5)
    _checks.refuse(
        "name",
        name,
        "load",
        f"an embedded data set ({', '.join(map(repr, EMBEDDED))}) or a name of tensorflow-datasets",
        fix=f"Near matches: {', '.join(map(repr, near))}." if near else "",
    )
