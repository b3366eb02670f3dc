import numpy as np
import pytest
from PIL import ImageOps

from kerasreg import augment
from tests.augment.image.photographs import PHOTOGRAPHS, pillow


@pytest.mark.parametrize("jit_compile", [False, True])
def test_agrees_with_pillow(jit_compile):
    dark = (PHOTOGRAPHS // 2 + 20).astype("uint8")
    dark[0, :, :, 1] = 77  # a channel of one value
    own = augment.Augmenter([augment.Equalize()], seed=1, jit_compile=jit_compile)
    found = own.apply(dark, index=0).numpy()
    expected = pillow(ImageOps.equalize, images=dark)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert (found != dark).any(axis=(1, 2, 3)).all()


def test_each_image_by_itself():
    """What is done to one hangs on no other of its batch."""
    own = augment.Augmenter([augment.Equalize()], seed=1, jit_compile=False)
    together = own.apply(PHOTOGRAPHS, index=0).numpy()
    np.testing.assert_allclose(own.apply(PHOTOGRAPHS[:1], index=0), together[:1], atol=1e-4)
