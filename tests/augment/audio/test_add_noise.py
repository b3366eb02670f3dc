import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasreg import schedules
from kerasreg.augment import AddNoise, Augmenter, OneOf, PolarityInvert, TimeShift
from kerasreg.augment._strengths import scaled

WAVEFORMS = np.random.default_rng(0).normal(size=(6, 1000)).astype("float32")
WAVEFORMS *= np.array([[0.001], [1.0], [30.0], [1.0], [1.0], [20000.0]], "float32")
RECORDINGS = [np.sin(np.arange(700.0)), np.random.default_rng(1).normal(size=90)]


def noise(waveforms, *, seed=1, jit_compile="auto", batched=None, **arguments):
    augmenter = Augmenter([AddNoise(**arguments)], seed=seed, jit_compile=jit_compile)
    result = augmenter.apply(waveforms, index=0, batched=batched).numpy()
    return result.astype("float64") - waveforms


def snr(waveforms, added):
    """Returns the measured ratio of each example, in decibels."""
    axes = tuple(range(1, waveforms.ndim))
    signal = (waveforms.astype("float64") ** 2).mean(axes)
    return 10 * np.log10(signal / (added**2).mean(axes))


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("kind", ["white", "pink", "brown", RECORDINGS], ids=lambda x: str(x)[:5])
@pytest.mark.parametrize("snr_db", [-6.0, 0.0, 25.0])
def test_the_ratio_is_exact_in_every_example(snr_db, kind, jit_compile):
    added = noise(WAVEFORMS, snr_db=snr_db, noise=kind, jit_compile=jit_compile)
    np.testing.assert_allclose(snr(WAVEFORMS, added), snr_db, atol=1e-3)


def test_the_ratio_counts_all_channels():
    waveforms = np.stack([WAVEFORMS, 0.1 * WAVEFORMS, 0 * WAVEFORMS], axis=-1)
    for kind in ("white", "pink", RECORDINGS):
        added = noise(waveforms, snr_db=3.0, noise=kind, batched=True)
        np.testing.assert_allclose(snr(waveforms, added), 3.0, atol=1e-3)
        differ = np.abs(added[..., 0] - added[..., 1]).mean() > 0.1 * np.abs(added).mean()
        assert differ == isinstance(kind, str)


@pytest.mark.parametrize("kind", ["white", "brown", RECORDINGS], ids=lambda x: str(x)[:5])
def test_silence_stays_silence(kind):
    waveforms = np.zeros((3, 100), "float32")
    np.testing.assert_array_equal(noise(waveforms, snr_db=0.0, noise=kind), waveforms)


def test_a_silent_recording_adds_nothing():
    added = noise(WAVEFORMS, snr_db=0.0, noise=np.zeros(10))
    np.testing.assert_array_equal(added, np.zeros_like(added))


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("kind", ["white", "pink", RECORDINGS], ids=lambda x: str(x)[:5])
def test_waveforms_of_few_samples(kind, length):
    assert np.isfinite(noise(np.ones((4, length), "float32"), snr_db=0.0, noise=kind)).all()


def test_a_range_gives_each_example_its_own_ratio():
    waveforms = np.ones((2000, 16), "float32")
    ratio = snr(waveforms, noise(waveforms, snr_db=(-5.0, 15.0)))
    n = len(ratio)
    assert -5.01 < ratio.min() < -4.5
    assert 14.5 < ratio.max() < 15.01
    assert abs(ratio.mean() - 5) < 5 * 20 / np.sqrt(12 * n)


def octave_powers(kind):
    """Returns the power in the octaves from 8 to 256 cycles, over 400 noises."""
    waveforms = np.ones((400, 1024), "float32")
    power = np.abs(np.fft.rfft(noise(waveforms, snr_db=0.0, noise=kind), axis=1)) ** 2
    return np.array([power[:, low : 2 * low].sum(1).mean() for low in (8, 16, 32, 64, 128)])


@pytest.mark.parametrize(("kind", "fall"), [("white", 0), ("pink", 1), ("brown", 2)])
def test_the_power_falls_with_the_frequency(kind, fall):
    """An octave from k on holds sum(1 / i**fall for i in k..2k-1)."""
    found = octave_powers(kind)
    expected = np.array([(np.arange(k, 2 * k) ** -float(fall)).sum() for k in (8, 16, 32, 64, 128)])
    # 8 frequencies in 400 noises of exponential power: 5 * 1 / sqrt(3200) = 9 %; brown noise is
    # normalized by its few strongest ones.
    np.testing.assert_allclose(found / found.mean(), expected / expected.mean(), rtol=0.15)


def test_coloured_noise_has_no_constant_part():
    added = noise(np.ones((5, 999), "float32"), snr_db=0.0, noise="brown")
    np.testing.assert_allclose(added.mean(axis=1), 0, atol=1e-4)


def test_white_noise_is_normal_and_each_example_has_its_own():
    added = noise(np.ones((20, 5000), "float32"), snr_db=0.0)
    n = added.size
    assert abs((added**4).mean() - 3) < 5 * np.sqrt(96 / n)
    correlation = np.corrcoef(added)
    assert np.abs(correlation[~np.eye(20, dtype=bool)]).max() < 5 / np.sqrt(5000)


def test_excerpts_are_of_one_recording_and_go_round_at_its_end():
    recordings = [np.arange(1.0, 6.0), np.arange(100.0, 103.0)]
    added = noise(np.ones((4000, 7), "float32"), snr_db=0.0, noise=recordings)
    allowed = [np.resize(np.roll(each, -s), 7) for each in recordings for s in range(len(each))]
    allowed = np.array([each / np.sqrt((each**2).mean()) for each in allowed])
    distance = np.abs(added[:, None] - allowed[None]).max(axis=-1)
    assert (distance.min(axis=1) < 1e-5).all()
    counts = np.bincount(distance.argmin(axis=1), minlength=8)
    n, p = 4000, 1 / 8
    assert np.abs(counts - n * p).max() < 5 * np.sqrt(n * p * (1 - p))


def test_limits_are_the_smallest_ratio_of_a_class():
    waveforms = np.ones((400, 50), "float32")
    labels = np.arange(400) % 2
    operation = AddNoise((-10.0, 20.0), limits={1: 10.0})
    assert AddNoise.from_config(operation.get_config()) == operation
    result, _ = Augmenter([operation], seed=1).apply((waveforms, labels), index=0)
    ratio = snr(waveforms, result.numpy() - waveforms)
    assert ratio[labels == 1].min() > 9.99
    assert ratio[labels == 0].min() < -5
    AddNoise(0.0, limits={1: -3.0})


def test_recordings_are_saved_with_the_configuration():
    operation = AddNoise(10.0, noise=RECORDINGS)
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(operation)))
    copy = keras.saving.deserialize_keras_object(config)
    before, after = (
        Augmenter([each], seed=1).apply(WAVEFORMS, index=0) for each in (operation, copy)
    )
    np.testing.assert_array_equal(before, after)


def test_in_a_data_set_of_dicts():
    dataset = tf.data.Dataset.from_tensor_slices({"audio": WAVEFORMS, "label": range(6)}).batch(4)
    own = Augmenter([AddNoise(10.0, noise=RECORDINGS)], seed=1)
    found = list(own(dataset).as_numpy_iterator())
    audio = np.concatenate([each["audio"] for each in found])
    np.testing.assert_allclose(snr(WAVEFORMS, audio - WAVEFORMS), 10, atol=1e-3)
    np.testing.assert_array_equal(np.concatenate([each["label"] for each in found]), range(6))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"snr_db": "loud"}, TypeError, "`snr_db`. Expected a finite float"),
        ({"snr_db": (20, 0)}, ValueError, "low not above high"),
        ({"snr_db": float("inf")}, ValueError, "a finite float"),
        ({"snr_db": 0, "noise": "grey"}, ValueError, "'white', 'pink', 'brown', or recordings"),
        ({"snr_db": 0, "noise": 3}, TypeError, "arrays of samples"),
        ({"snr_db": 0, "noise": []}, ValueError, "at least one recording"),
        ({"snr_db": 0, "noise": [[1.0], []]}, ValueError, "at least one sample"),
        ({"snr_db": 0, "noise": np.zeros((2, 3, 4))}, ValueError, r"shape \(samples,\)"),
        ({"snr_db": 0, "noise": [1.0, float("nan")]}, ValueError, "finite"),
        ({"snr_db": 0, "noise": [["a"]]}, TypeError, "numbers"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        AddNoise(**arguments)


def test_half_of_the_strength_is_half_of_the_amplitude():
    """What `kerasreg.augment.audit` looks at: 6.02 decibels more, a tenth 20 more."""
    assert scaled(AddNoise((-10.0, 40.0)), 0.5).snr_db == pytest.approx((-3.9794, 40), abs=1e-4)
    assert scaled(AddNoise(5.0), 0.1).snr_db == pytest.approx(25)
    rises = schedules.Linear(30.0, 0.0, steps=4)
    assert scaled(AddNoise(rises), 1.0).snr_db == 0


def test_a_schedule_of_the_ratio():
    falls = schedules.Linear(30.0, 0.0, steps=3)
    own = Augmenter([AddNoise(falls)], seed=1, jit_compile=False)
    for epoch, expected in enumerate([30, 20, 10, 0, 0]):
        added = own.apply(WAVEFORMS, index=0, epoch=epoch).numpy() - WAVEFORMS
        np.testing.assert_allclose(snr(WAVEFORMS, added), expected, atol=0.01)


def test_one_of_several_operations_on_waveforms():
    waveforms = np.random.default_rng(2).normal(size=(300, 40)).astype("float32")
    group = OneOf([AddNoise(3.0), PolarityInvert(probability=1), TimeShift(0.0)])
    result = Augmenter([group], seed=1).apply(waveforms, index=0).numpy()
    is_inverted = (result == -waveforms).all(axis=1)
    is_same = (result == waveforms).all(axis=1)
    others = ~is_inverted & ~is_same
    np.testing.assert_allclose(snr(waveforms[others], (result - waveforms)[others]), 3, atol=1e-3)
    for some in (is_inverted, is_same, others):
        assert abs(some.mean() - 1 / 3) < 5 * np.sqrt(2 / 9 / 300)
