import numpy as np
import pytest

from kerasreg.augment import Augmenter, Flip, Shift
from kerasreg.schedules import Linear
from tests.augment.by_hand import by_hand, photograph

AXES = {"horizontal": 2, "vertical": 1}


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("direction", AXES)
@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 8, 3), (8, 5, 1)])
def test_images_are_mirrored_exactly(shape, direction, jit_compile):
    images = photograph(3, *shape)
    parameters = {"is_flipped": np.array([True, False, True])}
    result = by_hand([Flip(direction)], [parameters], images, jit_compile=jit_compile)
    np.testing.assert_array_equal(result[[0, 2]], np.flip(images, AXES[direction])[[0, 2]])
    np.testing.assert_array_equal(result[1], images[1])


def test_two_flips_are_half_a_turn_and_the_order_with_a_shift_counts():
    images = photograph(2, 4, 4, 1)
    flips = [Flip("horizontal", probability=1), Flip("vertical", probability=1)]
    half_turn = Augmenter(flips, seed=1).apply(images, index=0)
    np.testing.assert_array_equal(half_turn, images[:, ::-1, ::-1])
    yes = {"is_flipped": np.ones(2, bool)}
    move = {
        "horizontal_fraction": np.full(2, 0.25, "float32"),
        "vertical_fraction": np.zeros(2, "float32"),
    }
    first = by_hand([Flip(), Shift(1, 1)], [yes, move], images, fill_mode="wrap")
    last = by_hand([Shift(1, 1), Flip()], [move, yes], images, fill_mode="wrap")
    np.testing.assert_array_equal(first, np.roll(images[:, :, ::-1], 1, axis=2))
    np.testing.assert_array_equal(last, np.roll(images, 1, axis=2)[:, :, ::-1])


def test_half_of_the_images_are_mirrored_unless_asked_otherwise():
    n = 20_000
    (drawn,) = Augmenter([Flip()], seed=4).draw(range(n))
    assert abs(np.mean(drawn["is_flipped"].numpy()) - 0.5) < 5 * 0.5 / np.sqrt(n)


def test_a_schedule_of_the_probability():
    augmenter = Augmenter([Flip(probability=Linear(0, 1, steps=2))], seed=4)
    shares = [np.mean(augmenter.draw(range(2000), epoch)[0]["is_flipped"]) for epoch in range(3)]
    assert shares[0] == 0
    assert abs(shares[1] - 0.5) < 5 * 0.5 / np.sqrt(2000)
    assert shares[2] == 1


def test_a_class_is_left_alone():
    n = 2000
    labels = np.arange(n) % 2
    (drawn,) = Augmenter([Flip(limits={1: 0})], seed=4).draw(range(n), labels=labels)
    flipped = drawn["is_flipped"].numpy()
    assert not flipped[labels == 1].any()
    assert abs(flipped[labels == 0].mean() - 0.5) < 5 * 0.5 / np.sqrt(n / 2)


@pytest.mark.parametrize("direction", ["left", None, 1])
def test_bad_direction(direction):
    with pytest.raises(ValueError, match=r"argument `direction`.*'horizontal'.*\(Flip\)"):
        Flip(direction)
