"""The way from a name of `tensorflow-datasets` to a `DataSet`."""

import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from kerasreg import _checks
from kerasreg.datasets.data_set import DataSet
from kerasreg.datasets.split import Split

CUT_PERCENT = 10
PROBE_SECONDS = 5
PROBED_HOSTS = 3
READ_AT_ONCE = 1024


def load(name: str, data_dir: str | os.PathLike[str] | None, download: bool) -> DataSet:
    """Returns the data set of a registered name, prepared first where need be."""
    folder = None if data_dir is None else os.fspath(data_dir)
    try:
        builder = tfds.builder(name, data_dir=folder)
    except (AssertionError, ValueError) as error:
        raise ValueError(f"tensorflow-datasets cannot build {name!r}: {error}") from error
    if not builder.is_prepared():
        _prepare(builder, name, download)
    return _data_set(builder, name)


def _prepare(builder, name: str, download: bool) -> None:
    where = f"The data set {name!r} is not prepared in {builder.data_path}"
    remedy = "Pass its `data_dir` if it is elsewhere, or call this once with a network."
    if not download:
        raise FileNotFoundError(f"{where}, and `download` is False. {remedy}")
    hosts = _hosts(builder.url_infos or ())
    # Without this, tensorflow-datasets tries again for minutes where there is no network.
    if hosts and not any(_answers(host) for host in hosts):
        raise ConnectionError(f"{where}, and {', '.join(hosts)} cannot be reached. {remedy}")
    try:
        builder.download_and_prepare()
    except OSError as error:
        raise ConnectionError(f"{where}, and downloading it failed: {error} {remedy}") from error


def _hosts(urls: Iterable[str]) -> list[str]:
    parts = [urllib.parse.urlsplit(url) for url in urls]
    found = {f"{part.scheme}://{part.netloc}" for part in parts if part.scheme in ("http", "https")}
    return sorted(found)[:PROBED_HOSTS]


def _answers(host: str) -> bool:
    try:
        urllib.request.urlopen(
            urllib.request.Request(host, method="HEAD"), timeout=PROBE_SECONDS
        ).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _data_set(builder, name: str) -> DataSet:
    info = builder.info
    if not info.supervised_keys or len(info.supervised_keys) != 2:
        _checks.refuse("name", name, "load", "a data set of (input, label) pairs")
    if "train" not in info.splits:
        _checks.refuse(
            "name", name, "load", f"a data set with a training split, not only {list(info.splits)}"
        )
    names = _split_names(set(info.splits))
    inputs, labels = (info.features[key] for key in info.supervised_keys)
    return DataSet(
        name,
        **{part: _split(builder, split) for part, split in names.items()},
        class_names=tuple(labels.names) if isinstance(labels, tfds.features.ClassLabel) else None,
        value_range=_value_range(info, inputs),
        source=info.homepage,
        licence=info.redistribution_info.license or "",
        citation=info.citation,
    )


def _split_names(available: set[str]) -> dict[str, str]:
    missing = [name for name in ("validation", "test") if name not in available]
    kept = 100 - CUT_PERCENT * len(missing)
    names = {"train": f"train[:{kept}%]" if missing else "train"}
    for name in ("validation", "test"):
        if name in available:
            names[name] = name
        else:
            names[name] = f"train[{kept}%:{kept + CUT_PERCENT}%]"
            kept += CUT_PERCENT
    return names


def _split(builder, name: str) -> Split:
    def open_dataset() -> tf.data.Dataset:
        return builder.as_dataset(split=name, as_supervised=True)

    def read_arrays() -> tuple[np.ndarray, np.ndarray]:
        dataset = open_dataset()
        if not all(spec.shape.is_fully_defined() for spec in dataset.element_spec):
            raise ValueError(
                f"The examples of {builder.name!r} differ in shape and do not fit into one array: "
                "use `as_dataset` and resize them."
            )
        batches = list(dataset.batch(READ_AT_ONCE).as_numpy_iterator())
        inputs, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
        return inputs, labels

    return Split(builder.info.splits[name].num_examples, read_arrays, open_dataset)


def _value_range(info, feature) -> tuple[float, float] | None:
    if info.metadata and "value_range" in info.metadata:
        low, high = info.metadata["value_range"]
        return low, high
    if isinstance(feature, tfds.features.Image) and feature.np_dtype in (np.uint8, np.uint16):
        return 0, int(np.iinfo(feature.np_dtype).max)
    return None
