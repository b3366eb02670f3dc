import numpy as np

from kerasreg import augment
from tests.augment.image.photographs import PHOTOGRAPHS, pillow


def test_agrees_with_pillow():
    found = augment.Augmenter([augment.Grayscale()], seed=1).apply(PHOTOGRAPHS, index=0).numpy()
    expected = pillow(lambda image: image.convert("L"))
    assert found.shape == PHOTOGRAPHS.shape
    np.testing.assert_allclose(found, np.stack([expected] * 3, axis=-1), atol=0.51)


def test_other_numbers_of_channels():
    own = augment.Augmenter([augment.Grayscale()], seed=1, jit_compile=False)
    one = PHOTOGRAPHS[..., :1]
    np.testing.assert_array_equal(own.apply(one, index=0), one)
    two = own.apply(PHOTOGRAPHS[..., :2], index=0).numpy()
    np.testing.assert_allclose(two[..., 0], PHOTOGRAPHS[..., :2].mean(axis=-1), atol=1e-3)
    np.testing.assert_array_equal(two[..., 0], two[..., 1])
