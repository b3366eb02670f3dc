import numpy as np
import pytest

from kerasreg.augment import Augmenter, Gain
from tests.augment.by_hand import by_hand


@pytest.mark.parametrize("jit_compile", [False, True])
def test_decibels_are_those_of_the_amplitude(jit_compile):
    waveforms = np.array([[1.0, -2.0], [1.0, -2.0], [1.0, -2.0]], "float32")
    gains = {"gain_db": np.array([20.0, -40.0, 6.0205999], "float32")}
    expected = np.array([[10, -20], [0.01, -0.02], [2, -4]])
    result = by_hand([Gain(40)], [gains], waveforms, jit_compile=jit_compile)
    np.testing.assert_allclose(result, expected, rtol=1e-6)


def test_gains_are_uniform_in_decibels():
    n = 20_000
    (drawn,) = Augmenter([Gain(12)], seed=2).draw(range(n))
    gain = drawn["gain_db"].numpy()
    assert np.abs(gain).max() <= 12
    assert abs(gain.mean()) < 5 * 12 / np.sqrt(3 * n)
    assert abs((gain > 6).mean() - 0.25) < 5 * np.sqrt(0.25 * 0.75 / n)


def test_all_channels_get_the_same_gain():
    waveforms = np.random.default_rng(0).normal(size=(5, 30, 2)).astype("float32")
    result = Augmenter([Gain(12)], seed=1).apply(waveforms, index=0, batched=True).numpy()
    ratio = result / waveforms
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:, :1, :1], ratio.shape), rtol=1e-5)
    assert len(np.unique(ratio[:, 0, 0])) == 5


def test_what_is_too_loud_is_cut_where_a_range_is_given():
    waveforms = np.ones((50, 4), "float32")
    result = Augmenter([Gain(12)], seed=1, value_range=(-1, 1)).apply(waveforms, index=0).numpy()
    assert result.max() == 1
    assert result.min() < 0.5


def test_samples_of_16_bits_keep_their_scale():
    waveforms = np.array([[30000, -1000]], np.int16)
    result = Augmenter([Gain(0)], seed=1).apply(waveforms, index=0).numpy()
    np.testing.assert_array_equal(result, [[30000.0, -1000.0]])
