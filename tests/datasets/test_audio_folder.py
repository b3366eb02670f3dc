import io
import os
import struct
import wave
from pathlib import Path

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

from kerasreg import datasets  # noqa: E402

RATE = 8000
KEPT = {"validation_fraction": 0, "test_fraction": 0}
WHOLES = np.array([[-(2**31), 0], [2**30, -(2**29)], [2**31 - 2**8, 2**24]], np.int64)


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def pcm(values, width=2, rate=RATE):
    """A WAV file of integers: `values` are 32-bit ones, (samples, channels)."""
    values = np.asarray(values) >> (8 * (4 - width))
    if width == 1:
        values = values + 128
    content = values.astype("<i8").reshape(-1, 1).view(np.uint8)[:, :width].tobytes()
    file = io.BytesIO()
    with wave.open(file, "wb") as opened:
        opened.setparams((np.shape(values)[1], width, rate, 0, "NONE", ""))
        opened.writeframes(content)
    return file.getvalue()


def chunks(*parts):
    """A file of these chunks, each with a byte to fill up where its length is odd."""
    body = b"".join(
        name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
        for name, content in parts
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def form(code, channels, bits, rate=RATE):
    size = channels * bits // 8
    return b"fmt ", struct.pack("<HHIIHH", code, channels, rate, rate * size, size, bits)


def tone(i, samples=100):
    """A tone of its own for each i, 32-bit integers (samples, 1)."""
    return (2**30 * np.sin(np.arange(samples) * 0.05 * (i + 1))).astype(np.int64)[:, None]


@pytest.fixture
def folder(tmp_path):
    """Two classes of ten tones each, 80 to 99 samples."""
    for i in range(20):
        write(tmp_path / ("high" if i % 2 else "low") / f"{i}.wav", pcm(tone(i, 80 + i)))
    return tmp_path


def index(path):
    return int(Path(path).stem)


def test_each_file_is_one_example_with_its_samples_and_its_label(folder):
    data = datasets.audio_folder(folder, samples=90)
    assert repr(data) == f"FolderDataSet({folder.name!r}: 16 train, 2 validation, 2 test)"
    assert data.class_names == ("high", "low")
    assert data.sampling_rate == RATE
    assert data.value_range == (-1, 1)
    everything = []
    for split in (data.train, data.validation, data.test):
        everything += map(index, split.files)
        assert split.images.dtype == np.float32
        assert split.images.shape == (len(split), 90)
        for path, label, found in zip(split.files, split.labels, split.images, strict=True):
            i = index(path)
            expected = (tone(i, 80 + i)[:90, 0] >> 16) / 2**15
            np.testing.assert_array_equal(found[: len(expected)], expected.astype(np.float32))
            assert not found[len(expected) :].any()
            assert label == 1 - i % 2
    assert sorted(everything) == [*range(20)]


def test_without_a_number_of_samples_waveforms_keep_theirs(folder):
    split = datasets.audio_folder(folder, **KEPT).train
    lengths = [len(wave) for wave, _ in split.as_dataset()]
    assert lengths == [80 + index(path) for path in split.files]
    with pytest.raises(ValueError, match=r"`batch_size`.*`audio_folder`.*`samples`"):
        split.as_dataset(4)


FLOATS = np.array([[-1.5, 0.25], [0.1, 1.0], [1e-6, -0.75]])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        *[(pcm(WHOLES, width), (WHOLES >> 8 * (4 - width)) / 2.0 ** (8 * width - 1))
          for width in (1, 2, 3, 4)],
        (chunks(form(3, 2, 32), (b"data", FLOATS.astype("<f4").tobytes())), FLOATS),
        (chunks(form(3, 2, 64), (b"data", FLOATS.astype("<f8").tobytes())), FLOATS),
    ],
    ids=["8", "16", "24", "32", "float32", "float64"],
)  # fmt: skip
@pytest.mark.parametrize("mono", [True, False])
def test_kinds_of_samples(folder, content, expected, mono):
    """Beside files of 16 bits, so that the kind is chosen file by file."""
    for i in range(20):
        other = pcm(np.repeat(tone(i), 2, 1))
        write(folder / ("high" if i % 2 else "low") / f"{i}.wav", content if i == 7 else other)
    split = datasets.audio_folder(folder, samples=100, mono=mono, **KEPT).train
    (found,) = (wave for path, wave in zip(split.files, split.images, strict=True)
                if index(path) == 7)  # fmt: skip
    expected = expected.mean(1) if mono else expected
    np.testing.assert_allclose(found[:3], expected, rtol=1e-6, atol=1e-9)
    assert not found[3:].any()
    assert split.images.shape == ((20, 100) if mono else (20, 100, 2))


SAMPLES = np.arange(-5, 6, dtype="<i2")
LAID_OUT = {
    "with other chunks": chunks(
        (b"LIST", b"odd"), form(1, 1, 16), (b"fact", b"1234"), (b"data", SAMPLES.tobytes())
    ),
    "with chunks after the samples": chunks(
        form(1, 1, 16), (b"data", SAMPLES.tobytes()), (b"LIST", b"12345678")
    ),
    "extensible": chunks(
        (b"fmt ", form(0xFFFE, 1, 16)[1] + struct.pack("<HHIH", 22, 16, 4, 1) + bytes(14)),
        (b"data", SAMPLES.tobytes()),
    ),
    "of unknown length": chunks(form(1, 1, 16), (b"data", b""))[:-4]
    + b"\xff\xff\xff\xff"
    + SAMPLES.tobytes(),
    "with half a sample at the end": chunks(form(1, 1, 16), (b"data", SAMPLES.tobytes() + b"\1")),
}


@pytest.mark.parametrize("name", LAID_OUT)
def test_layouts(tmp_path, name):
    write(tmp_path / "a" / "0.wav", LAID_OUT[name])
    write(tmp_path / "b" / "1.WAV", LAID_OUT[name])
    for found, _ in datasets.audio_folder(tmp_path, **KEPT).train.as_dataset():
        np.testing.assert_array_equal(found, SAMPLES / np.float32(2**15))


GOOD = pcm(tone(1))
BROKEN = {
    "text.wav": (b"no sound at all", "it is no WAV file"),
    "empty.wav": (b"", "it is empty"),
    "cut.wav": (GOOD[:-50], "it is cut off: 150 of 200 bytes of samples are there"),
    "header.wav": (GOOD[:30], "it is cut off in its header"),
    "nothing.wav": (GOOD[:40], "it is cut off before its samples"),
    "silent.wav": (chunks(form(1, 1, 16), (b"data", b"")), "it holds no samples"),
    "law.wav": (chunks(form(7, 1, 8), (b"data", b"1234")), "its samples are mu-law"),
    "bits.wav": (chunks(form(1, 1, 12), (b"data", b"1234")), "its samples are 12 bits"),
    "zero.wav": (chunks(form(1, 0, 16), (b"data", b"1234")), "it says 0 channels at 8000 Hz"),
    "order.wav": (chunks((b"data", b"1234"), form(1, 1, 16)), "its samples come before"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_corrupt_file_is_an_error_that_names_it(folder, name):
    content, reason = BROKEN[name]
    write(folder / "low" / name, content)
    with pytest.raises(ValueError, match=rf"{name}': {reason}.*on_corrupt='skip'.*audio_folder"):
        datasets.audio_folder(folder)


def test_corrupt_files_are_skipped_and_counted(folder):
    for name, (content, _) in BROKEN.items():
        write(folder / "low" / name, content)
    write(folder / "low" / "0.txt", b"what is said")
    data = datasets.audio_folder(folder, samples=50, on_corrupt="skip")
    assert repr(data).endswith(f", {len(BROKEN) + 1} skipped)")
    assert {Path(path).name for path in data.skipped} == {*BROKEN, "0.txt"}
    assert [len(data.train), len(data.validation), len(data.test)] == [16, 2, 2]
    assert len(list(data.train.as_dataset(5))) == len(data.train.as_dataset(5)) == 4


def test_transcripts_are_passed_over_if_so_asked(folder):
    write(folder / "low" / "0.txt", b"what is said")
    with pytest.raises(ValueError, match=r"1 of \.txt.*`extensions`"):
        datasets.audio_folder(folder)
    assert datasets.audio_folder(folder, extensions=[".wav"]).skipped == {}


@pytest.mark.parametrize("change", [os.remove, lambda path: Path(path).write_bytes(GOOD[:60])])
def test_a_file_that_changes_after_the_call_is_named(folder, change):
    split = datasets.audio_folder(folder, samples=50, **KEPT).train
    change(split.files[5])
    with pytest.raises(tf.errors.InvalidArgumentError, match=Path(split.files[5]).name):
        list(split.as_dataset(4))


def test_several_sampling_rates_are_refused_with_two_files(folder):
    write(folder / "low" / "other.wav", pcm(tone(0), rate=16000))
    with pytest.raises(ValueError, match=r"one sampling rate.*wav' has 8000, '.*other.wav' has 16"):
        datasets.audio_folder(folder, on_corrupt="skip")


def test_several_numbers_of_channels_are_refused_unless_averaged(folder):
    write(folder / "low" / "20.wav", pcm(np.concatenate([tone(0), 0 * tone(0)], 1)))
    with pytest.raises(ValueError, match=r"one number of channels.*other|has 2.*mono=True"):
        datasets.audio_folder(folder, mono=False)
    split = datasets.audio_folder(folder, samples=100, **KEPT).train
    found = dict(zip(map(index, split.files), split.images, strict=True))
    # Halves of 16-bit values are exact.
    np.testing.assert_array_equal(found[20][:80], found[0][:80] / 2)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"path": 7}, TypeError, "`path`"),
        ({"path": "nowhere"}, FileNotFoundError, "nothing at this path"),
        ({"path": __file__}, NotADirectoryError, "This is a file"),
        ({"samples": 0}, ValueError, "`samples`"),
        ({"samples": 1.5}, TypeError, "`samples`"),
        ({"mono": 1}, TypeError, "`mono`"),
        ({"extensions": [".mp3"]}, ValueError, r"`extensions`.*\.wav"),
        ({"on_corrupt": None}, ValueError, "`on_corrupt`"),
        ({"class_names": ["low", "middle"]}, ValueError, "`class_names`.*'high', 'low'"),
        ({"validation_fraction": 2}, ValueError, "`validation_fraction`"),
        ({"seed": "1"}, TypeError, "`seed`"),
    ],
)
def test_bad_arguments(folder, arguments, error, match):
    with pytest.raises(error, match=rf"{match}.*\(audio_folder\)"):
        datasets.audio_folder(arguments.pop("path", folder), **arguments)
