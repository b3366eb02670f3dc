import numpy as np

from kerasreg.augment import Augmenter, PolarityInvert

WAVEFORMS = np.random.default_rng(0).normal(size=(2000, 3)).astype("float32")


def test_half_of_the_waveforms_change_sign_and_the_others_nothing():
    result = Augmenter([PolarityInvert()], seed=1).apply(WAVEFORMS, index=0).numpy()
    is_inverted = (result == -WAVEFORMS).all(axis=1)
    assert (is_inverted | (result == WAVEFORMS).all(axis=1)).all()
    assert abs(is_inverted.mean() - 0.5) < 5 * np.sqrt(0.25 / 2000)


def test_a_probability_of_one_is_always():
    result = Augmenter([PolarityInvert(probability=1)], seed=1).apply(WAVEFORMS, index=0)
    np.testing.assert_array_equal(result, -WAVEFORMS)
