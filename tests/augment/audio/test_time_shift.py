import numpy as np
import pytest

from kerasreg.augment import Augmenter, TimeShift
from tests.augment.by_hand import by_hand

WAVEFORM = np.arange(1.0, 11.0, dtype="float32")


def shifted(fraction, waveform=WAVEFORM, jit_compile=False, **arguments):
    parameters = {"fraction": np.array([fraction], "float32")}
    operation = TimeShift(1, **arguments)
    return by_hand([operation], [parameters], waveform[None], jit_compile=jit_compile)[0]


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("samples", [-10, -3, 0, 1, 10])
def test_shifts_by_hand(samples, jit_compile):
    padded = np.concatenate([np.zeros(10), WAVEFORM, np.zeros(10)])
    expected = padded[10 - samples : 20 - samples]
    np.testing.assert_array_equal(shifted(samples / 10, jit_compile=jit_compile), expected)


@pytest.mark.parametrize("samples", [-10, -3, 0, 1, 10])
def test_what_wraps_is_rolled(samples):
    result = shifted(samples / 10, wraps=True)
    np.testing.assert_array_equal(result, np.roll(WAVEFORM, samples))


@pytest.mark.parametrize("fraction", [0.16, 0.24])
def test_shifts_are_rounded_to_samples(fraction):
    np.testing.assert_array_equal(shifted(fraction), [0, 0, *WAVEFORM[:8]])


def test_channels_move_together():
    waveform = np.stack([WAVEFORM, -WAVEFORM], axis=-1)
    result = shifted(0.3, waveform)
    np.testing.assert_array_equal(result[:, 0], [0, 0, 0, *WAVEFORM[:7]])
    np.testing.assert_array_equal(result[:, 1], -result[:, 0])


def test_shifts_are_uniform():
    n = 20_000
    (drawn,) = Augmenter([TimeShift(0.2)], seed=4).draw(range(n))
    fraction = drawn["fraction"].numpy()
    assert np.abs(fraction).max() <= 0.2
    assert abs(fraction.mean()) < 5 * 0.2 / np.sqrt(3 * n)
    assert abs((fraction > 0.1).mean() - 0.25) < 5 * np.sqrt(0.25 * 0.75 / n)
