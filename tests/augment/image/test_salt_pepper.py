import numpy as np
import pytest

from kerasreg import augment


def test_half_black_half_white_at_the_rate():
    images = np.full((8, 60, 50, 3), 100, np.uint8)
    found = augment.Augmenter([augment.SaltPepper(0.2)], seed=1).apply(images, index=0).numpy()
    assert set(np.unique(found)) == {0, 100, 255}
    np.testing.assert_array_equal(found.min(axis=-1), found.max(axis=-1))
    n = found[..., 0].size
    for value in (0, 255):
        assert abs(np.mean(found[..., 0] == value) - 0.1) <= 5 * np.sqrt(0.09 / n)


def test_ends_are_those_of_the_range():
    own = augment.Augmenter([augment.SaltPepper(1.0)], seed=1, value_range=(-1, 2))
    found = own.apply(np.zeros((2, 9, 9, 1), "float32"), index=0).numpy()
    assert set(np.unique(found)) == {-1, 2}


@pytest.mark.parametrize("value", [-0.1, 1.1, None])
def test_bad_rates(value):
    with pytest.raises((TypeError, ValueError), match=r"argument `rate`.*\(SaltPepper\)"):
        augment.SaltPepper(value)
