import colorsys

import numpy as np
import pytest

from kerasreg import augment
from tests.augment.by_hand import by_hand
from tests.augment.image.photographs import PHOTOGRAPHS, draws

DEGREES = np.array([-180, -60, 0, 15, 90, 120], "float32")


@pytest.mark.parametrize("jit_compile", [False, True])
def test_turns_the_hue_of_hsv(jit_compile):
    found = by_hand(
        [augment.Hue(180)],
        [{"degrees": DEGREES}],
        PHOTOGRAPHS,
        value_range=(0.0, 255.0),
        jit_compile=jit_compile,
    )
    for i, degrees in enumerate(DEGREES):
        for place in [(0, 0), (10, 7), (22, 31), (29, 40)]:
            hue, saturation, value = colorsys.rgb_to_hsv(*PHOTOGRAPHS[i][place] / 255.0)
            expected = colorsys.hsv_to_rgb((hue + degrees / 360) % 1, saturation, value)
            np.testing.assert_allclose(found[i][place], 255 * np.array(expected), atol=0.01)
    np.testing.assert_array_equal(found[2], PHOTOGRAPHS[2])


def test_a_third_of_a_turn_exchanges_the_channels():
    images = np.zeros((1, 2, 2, 3), "float32")
    images[0] = [[[200, 0, 0], [0, 90, 0]], [[10, 20, 30], [7, 7, 7]]]
    found = by_hand(
        [augment.Hue(180)], [{"degrees": np.float32([120])}], images, value_range=(0.0, 255.0)
    )
    expected = [[[0, 200, 0], [0, 0, 90]], [[30, 10, 20], [7, 7, 7]]]
    np.testing.assert_allclose(found[0], expected, atol=1e-3)


def test_angles_are_uniform_to_both_sides():
    degrees = draws(augment.Hue(40), "degrees")
    assert -40 <= degrees.min() < -39.9
    assert 39.9 < degrees.max() <= 40


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_images_without_hue(channels):
    images = np.concatenate([PHOTOGRAPHS, PHOTOGRAPHS], axis=-1)[..., :channels]
    own = augment.Augmenter([augment.Hue(90)], seed=1, jit_compile=False)
    np.testing.assert_array_equal(own.apply(images, index=0), images)


@pytest.mark.parametrize("value", [-1, 181, None])
def test_bad_angles(value):
    with pytest.raises((TypeError, ValueError), match=r"argument `max_degrees`.*\(Hue\)"):
        augment.Hue(value)
