import keras
import numpy as np
import pytest

if keras.backend.backend() != "tensorflow":
    pytest.skip("written in TensorFlow", allow_module_level=True)
pytest.importorskip("matplotlib")

import tensorflow as tf

from kerasreg import augment, report

IMAGES = np.random.default_rng(0).integers(0, 256, (10, 6, 5, 3), np.uint8)


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_each_example_has_its_parameters_below():
    operations = [
        augment.Rotate(30, probability=0.5),
        augment.OneOf([augment.Blur(1), augment.GaussianNoise(5)]),
    ]
    own = augment.Augmenter(operations, seed=1, jit_compile=False)
    turn, choice = own.draw(range(6))
    singles = tf.data.Dataset.from_tensor_slices(IMAGES)
    batches = tf.data.Dataset.from_tensor_slices((IMAGES, np.arange(10))).batch(4)
    for data in (singles, batches):
        found = texts(own.preview(data, examples=6))
        assert len(found) == 6
        for i, words in enumerate(found):
            degrees = float(turn["degrees"][i])
            assert (f"Rotate degrees {degrees:.3g}" in words) == (degrees != 0)
            is_blurred = bool(choice["is_applied"][i, 0])
            assert ("Blur sigma_pixels 1" in words) == is_blurred
            assert ("GaussianNoise stddev 5" in words) != is_blurred
            assert "key" not in words


def test_before_and_after_are_what_is_shown():
    own = augment.Augmenter([augment.Shift(0.4, 0.4)], seed=1, value_range=(0, 255))
    data = tf.data.Dataset.from_tensor_slices(IMAGES).batch(10)
    figure = own.preview(data, examples=2, epoch=3)
    before, _, after, _ = (axes.images[0].get_array() for axes in figure.axes)
    np.testing.assert_allclose(before, IMAGES[0] / 255, atol=1e-6)
    np.testing.assert_allclose(after, own.apply(IMAGES, index=0, epoch=3)[0] / 255, atol=1e-3)


def test_what_stays_as_it_is_says_so():
    own = augment.Augmenter([augment.Rotate(30, probability=0.0)], seed=1)
    figure = own.preview(tf.data.Dataset.from_tensor_slices(IMAGES[..., :1]), examples=3)
    assert texts(figure) == ["unchanged"] * 3


def test_bad_arguments():
    own = augment.Augmenter([augment.Rotate(30)], seed=1)
    data = tf.data.Dataset.from_tensor_slices(IMAGES)
    with pytest.raises(TypeError, match="`augmenter`"):
        report.plot_augmentation(augment.Rotate(3), data)
    with pytest.raises(ValueError, match="`examples`"):
        own.preview(data, examples=0)
    with pytest.raises(ValueError, match=r"`dataset`.*at least one example"):
        own.preview(data.take(0))
