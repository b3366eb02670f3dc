"""The picture of fractional pooling: its regions are those that the layer pools."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from kerasreg.report.gallery.fractional_pooling import (
    KINDS,
    SIZE,
    fractional_pooling,
    pooled,
    regions,
    small,
)
from tests.report.gallery.images import two_images


@pytest.mark.parametrize("kind", KINDS)
def test_the_outlined_regions_give_the_pooled_image(kind):
    image = small(two_images()[1])
    rows, columns = (regions(KINDS[kind], axis) for axis in (0, 1))
    expected = [
        [image[top : bottom + 1, left : right + 1].max() for left, right in columns]
        for top, bottom in rows
    ]
    np.testing.assert_allclose(pooled(image, KINDS[kind]), expected, rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_regions_are_as_long_as_the_title_says(kind):
    rows = regions(KINDS[kind], 0)
    lengths = np.diff(rows).ravel() + 1
    overlap = 1 if KINDS[kind].get("overlapping") else 0
    assert set(lengths[:-1]) == {1 + overlap, 2 + overlap}
    assert lengths[-1] in (1, 2)
    np.testing.assert_array_equal(rows[1:, 0], rows[:-1, 1] + 1 - overlap)
    assert (rows[0, 0], rows[-1, 1]) == (0, SIZE - 1)


def test_small_images_are_made_of_means():
    image = np.kron(np.arange(SIZE * SIZE).reshape(SIZE, SIZE) % 250, np.ones((4, 4)))
    image = np.repeat(image[..., None], 3, -1).astype("uint8")
    np.testing.assert_allclose(small(image), image[::4, ::4, 0])


def test_the_picture_names_every_kind():
    titles = [panel.get_title() for panel in fractional_pooling(two_images()).axes]
    assert [title for title in titles if title] == list(KINDS)
