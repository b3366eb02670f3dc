import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasreg import augment
from kerasreg.augment.operation import GEOMETRIC

N = 20_000


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(
    ("cls", "arguments", "changed"),
    [
        (augment.Rotate, (30,), "degrees"),
        (augment.Shift, (0.1, 0.1), "vertical_fraction"),
        (augment.Blur, ((0.5, 1),), "sigma_pixels"),
        (augment.GaussianNoise, (1,), "stddev"),
        (augment.PixelDropout, (0.1,), "rate"),
    ],
)
def test_the_probability_is_the_share_of_changed_images(cls, arguments, changed, probability):
    augmenter = augment.Augmenter([cls(*arguments, probability=probability)], seed=5)
    (drawn,) = augmenter.draw(range(N))
    share = np.mean(drawn[changed].numpy() != 0)
    assert abs(share - probability) <= 5 * np.sqrt(probability * (1 - probability) / N)


def test_all_parameters_of_an_image_are_neutral_together():
    (drawn,) = augment.Augmenter([augment.Shift(0.1, 0.1, probability=0.5)], seed=5).draw(range(50))
    right, down = drawn["horizontal_fraction"].numpy(), drawn["vertical_fraction"].numpy()
    np.testing.assert_array_equal(right == 0, down == 0)


def test_operations_decide_independently():
    first, second = (augment.Rotate(30, probability=0.5) for _ in range(2))
    one, two = augment.Augmenter([first, second], seed=5).draw(range(N))
    both = np.mean((one["degrees"].numpy() != 0) & (two["degrees"].numpy() != 0))
    assert abs(both - 0.25) < 5 * np.sqrt(0.25 * 0.75 / N)


@keras.saving.register_keras_serializable("test_operation")
class Mirror(augment.Operation):
    """An operation as a user would write it."""

    kind = GEOMETRIC
    neutral = {"is_mirrored": False}  # noqa: RUF012

    def draw(self, words, strengths):
        return {"is_mirrored": tf.ones_like(words[:, 0], tf.bool)}

    def matrix(self, parameters, height, width):
        sign = tf.where(parameters["is_mirrored"], -1.0, 1.0)
        one = tf.ones_like(sign)
        return tf.cast(tf.linalg.diag(tf.stack([sign, one, one], axis=1)), tf.float64)


def test_an_own_operation_joins_a_pipeline_and_is_saved():
    images = np.random.default_rng(0).integers(0, 256, (4, 5, 6, 1), np.uint8)
    augmenter = augment.Augmenter([Mirror(), augment.Shift(0, 0)], seed=1)
    np.testing.assert_array_equal(augmenter.apply(images, index=0), images[:, :, ::-1])
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(augmenter)))
    again = keras.saving.deserialize_keras_object(config)
    np.testing.assert_array_equal(again.apply(images, index=0), images[:, :, ::-1])


def test_operations_compare_by_their_arguments():
    assert augment.Rotate(10) == augment.Rotate(10.0)
    assert augment.Rotate(10) != augment.Rotate(11)
    assert len({augment.Rotate(10), augment.Rotate(10), augment.Blur(1)}) == 2
    assert (
        repr(augment.Blur((0, 1))) == "Blur(sigma_pixels=(0.0, 1.0), probability=1.0, limits=None)"
    )


@pytest.mark.parametrize("value", [-0.1, 1.5, float("nan")])
def test_probability_outside_its_range(value):
    with pytest.raises(ValueError, match=r"argument `probability`.*between 0 and 1.*\(Rotate\)"):
        augment.Rotate(10, probability=value)


@pytest.mark.parametrize(
    ("make", "error", "name"),
    [
        (lambda: augment.Rotate(-1), ValueError, "max_degrees"),
        (lambda: augment.Rotate(181), ValueError, "max_degrees"),
        (lambda: augment.Rotate("10"), TypeError, "max_degrees"),
        (lambda: augment.Rotate(10, probability="often"), TypeError, "probability"),
        (lambda: augment.Shift(1.5, 0), ValueError, "max_horizontal_fraction"),
        (lambda: augment.Shift(0, -0.1), ValueError, "max_vertical_fraction"),
        (lambda: augment.Shift(None, 0), TypeError, "max_horizontal_fraction"),
        (lambda: augment.Blur(-1), ValueError, "sigma_pixels"),
        (lambda: augment.Blur((2, 1)), ValueError, "sigma_pixels"),
        (lambda: augment.Blur((1, 2, 3)), ValueError, "sigma_pixels"),
        (lambda: augment.Blur(("a", 2)), TypeError, "sigma_pixels"),
        (lambda: augment.Blur("much"), TypeError, "sigma_pixels"),
        (lambda: augment.Blur(float("inf")), ValueError, "sigma_pixels"),
        (lambda: augment.GaussianNoise(-0.1), ValueError, "stddev"),
        (lambda: augment.GaussianNoise(None), TypeError, "stddev"),
        (lambda: augment.PixelDropout(1.5), ValueError, "rate"),
        (lambda: augment.PixelDropout(True), TypeError, "rate"),
        (lambda: augment.PixelDropout(0.1, fill_value=float("nan")), ValueError, "fill_value"),
    ],
)
def test_bad_arguments(make, error, name):
    with pytest.raises(error, match=rf"Invalid value received for argument `{name}`"):
        make()
