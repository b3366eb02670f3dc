import subprocess
import sys
import urllib.error
import urllib.request

import numpy as np
import pytest

from kerasreg import datasets

# test_tfds.py and test_kerasreg_digits.py hold what needs tensorflow-datasets.


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits")


@pytest.fixture(scope="module")
def original():
    return pytest.importorskip("sklearn.datasets").load_digits()


def parts(data):
    return data.train, data.validation, data.test


def test_digits_have_the_documented_sizes_and_kinds(digits):
    assert [len(part) for part in parts(digits)] == [1000, 297, 500]
    for part in parts(digits):
        assert part.images.shape == (len(part), 8, 8, 1)
        assert part.images.dtype == np.uint8
        assert part.labels.shape == (len(part),)
        assert part.labels.dtype == np.int64
    everything = np.concatenate([part.images for part in parts(digits)])
    assert (everything.min(), everything.max()) == digits.value_range == (0, 16)
    assert digits.class_names == tuple("0123456789")
    assert "CC BY 4.0" in digits.licence
    assert "10.24432/C50P49" in digits.source


def test_digits_hold_each_original_digit_once(digits, original):
    images = np.concatenate([part.images for part in parts(digits)]).reshape(1797, 64)
    labels = np.concatenate([part.labels for part in parts(digits)])
    ours = {(row.tobytes(), int(label)) for row, label in zip(images, labels, strict=True)}
    theirs = {
        (row.astype(np.uint8).tobytes(), int(label))
        for row, label in zip(original.data, original.target, strict=True)
    }
    assert ours == theirs
    assert len(ours) == 1797


def test_the_stored_index_leads_to_the_original(original):
    with np.load(datasets.__path__[0] + "/digits.npz", allow_pickle=False) as stored:
        index = stored["source_index"]
        np.testing.assert_array_equal(stored["images"][..., 0], original.images[index])
        np.testing.assert_array_equal(stored["labels"], original.target[index])
    assert sorted(index) == list(range(1797))


def test_digits_splits_are_stratified_and_shuffled(digits):
    labels = [part.labels for part in parts(digits)]
    shares = np.bincount(np.concatenate(labels)) / 1797
    for part in labels:
        assert np.abs(np.bincount(part) - shares * len(part)).max() < 1
    # 100 of 1,000 without replacement: 5 standard deviations of a count around 10 are 14.2.
    first = np.bincount(digits.train.labels[:100], minlength=10)
    assert first.max() <= 24


def test_digits_are_the_same_in_every_load(digits):
    again = datasets.load("digits")
    np.testing.assert_array_equal(again.test.images, digits.test.images)
    np.testing.assert_array_equal(again.test.labels, digits.test.labels)


def test_loading_the_digits_imports_no_optional_package():
    """Keras itself imports matplotlib when it is installed: only what comes on top counts."""
    optional = ("matplotlib", "tensorflow_datasets", "sklearn")
    script = (
        "import sys, keras; known = set(sys.modules); import kerasreg; "
        "kerasreg.datasets.load('digits').train.images; "
        "print([name for name in sys.argv[1:] if name in set(sys.modules) - known])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *optional], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_without_the_extra_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(ImportError, match=r'pip install "kerasreg\[data\]".*digits'):
        datasets.load("mnist")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("mnits",), ValueError, r"`name`.*'digits'.*Near matches: 'mnist'.*name='mnits' \(load\)"),
        (("digit",), ValueError, "Near matches: 'digits'"),
        (("zzzzzzzz",), ValueError, r"'digits'\) or a name of tensorflow-datasets. Received"),
        (("",), ValueError, "`name`"),
        ((None,), TypeError, "`name`"),
        ((7,), TypeError, "`name`"),
        (("mnist:99.0.0",), ValueError, "99.0.0"),
        (("glue/nosuch",), ValueError, "nosuch"),
    ],
)
def test_a_wrong_name_is_refused(tmp_path, arguments, error, message):
    with pytest.raises(error, match=message):
        datasets.load(*arguments, data_dir=tmp_path, download=False)


def test_download_must_be_a_boolean():
    with pytest.raises(TypeError, match="`download`"):
        datasets.load("digits", download="no")


def test_unprepared_without_download_says_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"not prepared in .*mnist.*`download` is False"):
        datasets.load("mnist", data_dir=tmp_path, download=False)


def unreachable(*_, **__):
    raise urllib.error.URLError("no network")


def refusing(*_, **__):
    raise urllib.error.HTTPError("https://host", 403, "forbidden", None, None)


def test_without_network_the_error_comes_at_once(tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    def never(self):
        raise AssertionError("the download was started")

    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", never)
    with pytest.raises(ConnectionError, match=r"cannot be reached.*`data_dir`"):
        datasets.load("mnist", data_dir=tmp_path)


def test_a_download_that_fails_half_way_is_a_connection_error(tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    def broken(self):
        raise OSError("reset by peer")

    monkeypatch.setattr(urllib.request, "urlopen", refusing)  # An answer, so there is a network.
    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", broken)
    with pytest.raises(ConnectionError, match="reset by peer"):
        datasets.load("mnist", data_dir=tmp_path)
