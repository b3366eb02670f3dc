"""The example of speech augmentation: it runs in short, and no prompt is in two splits."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

SCRIPT = Path(__file__).parents[2] / "examples" / "speech_augment.py"
RATE = 8000


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("speech_augment", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["speech_augment"] = module
    spec.loader.exec_module(module)
    return module


def test_smoke(tmp_path):
    figure = tmp_path / "figure.png"
    command = [sys.executable, SCRIPT, "--smoke", "--figure", figure]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "No --data: five synthetic voices" in done.stdout
    for method in ("nothing", "SpecAugment", "AddNoise", "both"):
        assert f"│ {method} " in done.stdout
    assert figure.read_bytes().startswith(b"\x89PNG")


def tone(hertz, seconds):
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(int(RATE * seconds)) / RATE)


def test_a_folder_of_class_folders(example, tmp_path):
    for place, language in enumerate(("de", "it")):
        for name in ("digits/1", "digits/2", "hello"):
            path = tmp_path / language / f"{name}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            wave = tone(300 + 100 * place, 0.7 if name == "hello" else 1.4)
            tf.io.write_file(str(path), tf.audio.encode_wav(wave[:, None].astype("float32"), RATE))
    (tmp_path / "deutsch").symlink_to(tmp_path / "de")
    (tmp_path / "licences").mkdir()
    prompts = example.read(tmp_path, rate=None)
    assert prompts.classes == ("de", "it")
    assert prompts.rate == RATE
    assert prompts.audio.shape == (6, RATE)
    for label in (0, 1):
        names = set(prompts.names[prompts.labels == label])
        assert names == {"digits/1.wav", "digits/2.wav", "hello.wav"}
    short = prompts.audio[prompts.names == "hello.wav"]
    np.testing.assert_allclose(short[0, :5600], tone(300, 0.7), atol=1e-4)
    assert not short[:, 5600:].any()


def test_arrays_of_a_file(example, tmp_path):
    audio = np.zeros((3, 5000), np.int16)
    audio[1] = 2**14
    names = ["en/yes.wav", "fr/yes.wav", "fr/no.wav"]
    path = tmp_path / "prompts.npz"
    np.savez(path, audio=audio, language=np.array([0, 1, 1]), names=names)
    prompts = example.read(path, RATE)
    assert prompts.audio.shape == (3, RATE)
    assert prompts.audio[1, 4999] == 0.5
    assert not prompts.audio[:, 5000:].any()
    assert prompts.names.tolist() == ["yes.wav", "yes.wav", "no.wav"]


def test_no_prompt_is_in_two_splits(example):
    n = 600
    names = np.array([f"{i // 3}.wav" for i in range(n)])
    audio = np.ones((n, 4), "float32")
    audio[7] = 0
    prompts = example.Prompts(audio, np.arange(n) % 3, names, ("a", "b", "c"), RATE)
    parts = example.split(prompts, n)
    assert sum(map(len, parts)) == n - 1
    heard = [set(part.names) for part in parts]
    assert len(heard[0] | heard[1] | heard[2]) == sum(map(len, heard))
    for part, share in zip(parts, (0.6, 0.15, 0.25), strict=True):
        assert abs(len(set(part.names)) / 200 - share) < 5 * np.sqrt(share * (1 - share) / 200)
    first = example.split(prompts, 50)[0]
    assert len(first) == 50
    assert set(first.names) <= heard[0]


def test_spectrograms_are_normalized_and_show_tones_where_they_are(example):
    waves = np.stack([tone(500, 1.0), tone(2000, 1.0), np.zeros(RATE)]).astype("float32")
    found = example.spectrograms(RATE)(tf.constant(waves)).numpy()
    assert found.shape == (3, 49, 32)
    np.testing.assert_allclose(found[:2].mean((1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(found[:2].std((1, 2)), 1, atol=1e-3)
    np.testing.assert_allclose(found[2], 0, atol=0.01)
    # Mel bands are evenly spaced in 2595 log10(1 + f / 700), from 60 to 3800 Hz.
    mel = 1127 * np.log1p(np.array([500, 2000, 60, 3800]) / 700)
    expected = (mel[:2] - mel[2]) / (mel[3] - mel[2]) * 33 - 1
    bands = found[:2].mean(axis=1).argmax(axis=1)
    np.testing.assert_allclose(bands, expected, atol=1)
