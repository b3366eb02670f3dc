import numpy as np
import pytest

from kerasreg.augment import Augmenter, Speed
from tests.augment.by_hand import by_hand

TIME = np.arange(2000)


def played(waveforms, factors, jit_compile=False, max_change=1.0):
    parameters = {"factor": np.array(factors, "float32")}
    waveforms = np.asarray(waveforms, "float32")
    return by_hand([Speed(max_change)], [parameters], waveforms, jit_compile=jit_compile)


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("factor", [0.5, 0.9, 1.1, 1.3, 2.0])
def test_a_tone_gets_higher_by_the_factor(factor, jit_compile):
    """Frequencies up to 0.8 of those that the rate holds, before and after."""
    cycles = 0.4 / max(factor, 1) * np.array([0.01, 0.3, 0.7, 1.0])
    tones = np.sin(2 * np.pi * cycles[:, None] * TIME + 0.3)
    expected = np.sin(2 * np.pi * cycles[:, None] * TIME * factor + 0.3)
    result = played(tones, [factor] * 4, jit_compile)
    inside = (TIME > 40) & (TIME * factor < len(TIME) - 40) & (len(TIME) - 40 > TIME)
    np.testing.assert_allclose(result[:, inside], expected[:, inside], atol=0.01)


@pytest.mark.parametrize("factor", [1.3, 2.0])
def test_what_would_be_too_high_is_taken_out(factor):
    """Read without a filter, these tones would come back as lower ones of full strength."""
    cycles = 0.5 / factor * np.array([1.2, 1.25])
    tones = np.sin(2 * np.pi * cycles[:, None] * TIME)
    inside = (TIME > 40) & (TIME * factor < len(TIME) - 40)
    result = played(tones, [factor] * 2)[:, inside]
    assert np.abs(result).max() < 0.02


def test_constants_stay_constant_and_the_end_is_silent():
    result = played(np.ones((3, 400)), [0.8, 1.0, 1.25])
    np.testing.assert_allclose(result[0, 10:380], 1, atol=0.01)
    np.testing.assert_array_equal(result[1], 1)
    np.testing.assert_allclose(result[2, 10:300], 1, atol=0.01)
    np.testing.assert_array_equal(result[2, 320:], 0)


def test_long_waveforms_are_read_at_the_right_place():
    time = np.arange(200_000)
    tone = np.sin(2 * np.pi * 0.1 * time)
    factor = np.float32(1.1)
    expected = np.sin(2 * np.pi * 0.1 * (time * np.float64(factor)))
    result = played(tone[None], [factor], max_change=0.1)[0]
    np.testing.assert_allclose(result[170_000:180_000], expected[170_000:180_000], atol=0.003)


def test_channels_are_played_alike():
    waveforms = np.random.default_rng(0).normal(size=(2, 60, 2))
    waveforms[..., 1] = -2 * waveforms[..., 0]
    result = played(waveforms, [0.9, 1.2])
    np.testing.assert_allclose(result[..., 1], -2 * result[..., 0], atol=1e-5)


def test_factors_are_uniform_in_their_logarithm():
    n = 20_000
    (drawn,) = Augmenter([Speed(0.25)], seed=3).draw(range(n))
    factor = drawn["factor"].numpy()
    assert factor.min() >= 0.8
    assert factor.max() <= 1.25 + 1e-6
    position = np.log(factor) / np.log(1.25)
    assert abs(position.mean()) < 5 / np.sqrt(3 * n)
    assert abs((position > 0.5).mean() - 0.25) < 5 * np.sqrt(0.25 * 0.75 / n)
