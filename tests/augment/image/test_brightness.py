import numpy as np
import pytest

from kerasreg import augment
from tests.augment.by_hand import by_hand
from tests.augment.image.photographs import PHOTOGRAPHS, draws

DELTAS = np.array([-1, -0.3, 0, 0.1, 0.5, 1], "float32")


def test_adds_a_part_of_the_range_and_stays_in_it():
    """Even where bytes would wrap around: 200 + 127 is 255, not 71."""
    found = by_hand(
        [augment.Brightness(1.0)], [{"delta": DELTAS}], PHOTOGRAPHS, value_range=(0.0, 255.0)
    )
    expected = np.clip(PHOTOGRAPHS + 255.0 * DELTAS[:, None, None, None], 0, 255)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert (found[0] == 0).all()
    assert (found[5] == 255).all()


def test_bytes_in_bytes_out():
    own = augment.Augmenter([augment.Brightness(0.5)], seed=1, dtype="uint8")
    found = own.apply(np.full((50, 2, 2, 1), 200, np.uint8), index=0).numpy()
    assert found.max() == 255
    assert found.min() >= 200 - 128


def test_floats_of_an_unknown_range_are_refused_before_training():
    import tensorflow as tf

    own = augment.Augmenter([augment.Brightness(0.5)], seed=1)
    floats = tf.data.Dataset.from_tensors(PHOTOGRAPHS / 255.0)
    with pytest.raises(ValueError, match=r"argument `value_range`.*\(0, 255\) or \(0, 1\)"):
        own(floats)
    ranged = augment.Augmenter([augment.Brightness(0.5)], seed=1, value_range=(0, 1))
    assert ranged(floats).element_spec.dtype == "float32"


def test_changes_are_uniform_to_both_sides():
    deltas = draws(augment.Brightness(0.4), "delta")
    assert -0.4 <= deltas.min() < -0.399
    assert 0.399 < deltas.max() <= 0.4
    assert abs(deltas.mean()) <= 5 * 0.4 / np.sqrt(3 * len(deltas))


@pytest.mark.parametrize("value", [-0.1, 1.1, None])
def test_bad_changes(value):
    with pytest.raises((TypeError, ValueError), match=r"argument `max_delta`.*\(Brightness\)"):
        augment.Brightness(value)
