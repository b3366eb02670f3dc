import numpy as np
import pytest

from kerasreg import augment


def test_noise_grows_with_the_value():
    values = np.array([0, 10, 100, 200], "float32")
    images = np.tile(values, (4, 80, 80, 1))
    found = augment.Augmenter([augment.Speckle(0.1)], seed=1).apply(images, index=0).numpy()
    factors = found[..., 1:] / values[1:]
    n = factors.size
    np.testing.assert_array_equal(found[..., 0], 0)
    assert abs(factors.mean() - 1) <= 5 * 0.1 / np.sqrt(n)
    assert abs(factors.std() - 0.1) <= 5 * 0.1 / np.sqrt(2 * n)
    assert abs(np.corrcoef(factors[..., 0].ravel(), factors[..., 1].ravel())[0, 1]) <= 5 / np.sqrt(
        n / 3
    )


@pytest.mark.parametrize("value", [-0.1, (2, 1), None])
def test_bad_strengths(value):
    with pytest.raises((TypeError, ValueError), match=r"argument `stddev`.*\(Speckle\)"):
        augment.Speckle(value)
