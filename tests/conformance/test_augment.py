"""Every augmentation through the same checks; the rows stand in `cases.py`."""

import json

import keras
import numpy as np
import pytest

from tests.conformance.cases import CASES, AugmentCase

if keras.backend.backend() != "tensorflow":
    pytest.skip("written in TensorFlow", allow_module_level=True)

import tensorflow as tf

from kerasreg.augment import Augmenter

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 6, 5, 3), np.uint8)
ROWS = [case for case in CASES if isinstance(case, AugmentCase)]
every_augmentation = pytest.mark.parametrize("case", ROWS, ids=str)
every_operation = pytest.mark.parametrize(
    "case", [case for case in ROWS if case.cls is not Augmenter], ids=str
)


def pipeline(case, **options):
    """Returns the case as a pipeline; the options are for a single operation."""
    made = case.make()
    return made if case.cls is Augmenter else Augmenter([made], seed=1, **options)


@every_augmentation
def test_config_round_trip(case):
    made = case.make()
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(made)))
    assert config["registered_name"] == f"kerasreg>augment.{case.cls.__name__}"
    copy = keras.saving.deserialize_keras_object(config)
    assert type(copy) is case.cls
    assert copy.get_config() == made.get_config()
    assert {name: getattr(copy, name) for name in case.arguments} == dict(case.arguments)


@every_augmentation
def test_same_seed_same_images(case):
    first, again = (pipeline(case).apply(IMAGES, index=0).numpy() for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert (first != IMAGES).any()
    assert (pipeline(case).apply(IMAGES, index=0, epoch=1).numpy() != first).any()


@every_augmentation
def test_sizes_unknown_in_a_map_change_nothing(case):
    signature = tf.TensorSpec([None, None, None, None], tf.uint8)
    dataset = tf.data.Dataset.from_generator(lambda: iter([IMAGES]), output_signature=signature)
    own = pipeline(case)
    if case.cls is Augmenter:
        dataset = dataset.map(lambda images: {own.image_key: images})
    (result,) = own(dataset, epoch=0).as_numpy_iterator()
    if case.cls is Augmenter:
        result = result[own.image_key]
    expected = own.apply(IMAGES, index=0).numpy()
    # Up to one step of uint8 where a rounding falls the other way.
    np.testing.assert_allclose(
        result.astype("float32"), expected, atol=1 if expected.dtype == np.uint8 else 0.01
    )


@every_operation
@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_probability_of_zero_is_exactly_the_image(case, jit_compile):
    operation = case.make(probability=0.0)
    own = Augmenter([operation], seed=1, jit_compile=jit_compile)
    np.testing.assert_array_equal(own.apply(IMAGES, index=0), IMAGES)


@every_operation
def test_a_probability_changes_some_images_and_leaves_the_others(case):
    result = pipeline(case, jit_compile=False).apply(IMAGES, index=0).numpy()
    changed = (result != IMAGES).any(axis=(1, 2, 3))
    assert 0 < changed.sum() < len(IMAGES)


@every_operation
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 7, 3), (5, 2, 1)], ids=str)
def test_images_of_one_pixel_and_odd_sizes(case, shape):
    images = np.full((3, *shape), 100, np.uint8)
    result = pipeline(case, jit_compile=False).apply(images, index=0).numpy()
    assert result.shape == images.shape
    assert np.isfinite(result).all()
