import numpy as np

from kerasreg import augment

N = 20_000


def test_half_of_the_examples_by_default():
    group = augment.RandomApply([augment.Blur(1), augment.GaussianNoise(1)])
    (drawn,) = augment.Augmenter([group], seed=2).draw(range(N))
    chosen = drawn["is_applied"].numpy()
    np.testing.assert_array_equal(chosen[:, 0], chosen[:, 1])
    assert abs(chosen[:, 0].mean() - 0.5) <= 5 * np.sqrt(0.25 / N)
