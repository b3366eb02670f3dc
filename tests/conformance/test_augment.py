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

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (12, 6, 5, 3), np.uint8)
EXAMPLES = {
    "images": IMAGES,
    "larger images": np.tile(IMAGES // 2, (1, 4, 4, 1)),
    "labelled": (IMAGES, np.eye(3, dtype="float32")[RANDOM.integers(0, 3, 12)]),
    "waveforms": RANDOM.normal(size=(12, 50)).astype("float32"),
    "spectrograms": RANDOM.normal(size=(12, 9, 7)).astype("float32"),
    "tokens": RANDOM.integers(1, 20, (12, 11), np.int32),
}
ROWS = [case for case in CASES if isinstance(case, AugmentCase)]
every_augmentation = pytest.mark.parametrize("case", ROWS, ids=str)
every_operation = pytest.mark.parametrize(
    "case", [case for case in ROWS if case.cls is not Augmenter], ids=str
)
every_image_operation = pytest.mark.parametrize(
    "case",
    [
        case
        for case in ROWS
        if case.cls is not Augmenter and case.data in ("images", "larger images", "labelled")
    ],
    ids=str,
)


def pipeline(case, **options):
    """Returns the case as a pipeline; the options are for a single operation."""
    made = case.make()
    if case.cls is Augmenter:
        return made
    return Augmenter([made], seed=1, **{**case.options, **options})


def element(case):
    """Returns a batch that the case takes."""
    return {"pixels": IMAGES} if case.cls is Augmenter else EXAMPLES[case.data]


def main(result):
    """Returns what is changed of an element, as an array."""
    return np.asarray(tf.nest.flatten(result)[0])


def untouched(case):
    """Returns what a pipeline makes that does nothing but what its output's size asks for."""
    before = main(element(case))
    if case.output is None:
        return before
    top, left = ((b - a) // 2 for b, a in zip(before.shape[1:3], case.output, strict=True))
    return before[:, top : top + case.output[0], left : left + case.output[1]]


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
    first, again = (main(pipeline(case).apply(element(case), index=0)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert (first != untouched(case)).any()
    assert (main(pipeline(case).apply(element(case), index=0, epoch=1)) != first).any()


@every_augmentation
def test_sizes_unknown_in_a_map_change_nothing(case):
    signature = tf.nest.map_structure(
        lambda each: tf.TensorSpec([None] * each.ndim, each.dtype), element(case)
    )
    if case.data == "labelled":
        signature = (signature[0], tf.TensorSpec([None, 3], tf.float32))
    dataset = tf.data.Dataset.from_generator(
        lambda: iter([element(case)]), output_signature=signature
    )
    own = pipeline(case)
    (result,) = own(dataset, epoch=0).as_numpy_iterator()
    expected = main(own.apply(element(case), index=0))
    # Up to one step of uint8 where a rounding falls the other way.
    np.testing.assert_allclose(
        main(result).astype("float32"), expected, atol=1 if expected.dtype == np.uint8 else 0.01
    )


@every_augmentation
def test_batches_of_other_sizes_and_single_examples_change_nothing(case):
    if case.data == "labelled":
        pytest.skip("mixes the examples of a batch")
    own = pipeline(case)
    expected = main(own.apply(element(case), index=0))
    dataset = tf.data.Dataset.from_tensor_slices(element(case))
    for size in (None, 5):
        parts = own(dataset if size is None else dataset.batch(size), epoch=0)
        found = [main(each) for each in parts.as_numpy_iterator()]
        found = np.stack(found) if size is None else np.concatenate(found)
        atol = 1 if expected.dtype == np.uint8 else 1e-3
        np.testing.assert_allclose(found.astype("float32"), expected, rtol=1e-5, atol=atol)


@every_operation
@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_probability_of_zero_is_exactly_the_image(case, jit_compile):
    operation = case.make(probability=0.0)
    own = Augmenter([operation], seed=1, jit_compile=jit_compile, **case.options)
    np.testing.assert_array_equal(main(own.apply(element(case), index=0)), untouched(case))


@every_operation
def test_outside_of_training_nothing_is_drawn(case):
    own = pipeline(case, jit_compile=False)
    result = own.apply(element(case), index=0, training=False)
    np.testing.assert_array_equal(main(result), untouched(case))


@every_operation
def test_a_probability_changes_some_images_and_leaves_the_others(case):
    result = main(pipeline(case, jit_compile=False).apply(element(case), index=0))
    changed = (result != untouched(case)).any(axis=tuple(range(1, result.ndim)))
    assert 0 < changed.sum() < len(IMAGES)


@every_operation
def test_limits_hold_for_their_class(case):
    made = case.make(limits={1: {"probability": 0.0}})
    assert type(made).from_config(json.loads(json.dumps(made.get_config()))) == made
    batch = element(case) if case.data == "labelled" else (element(case), np.arange(12) % 2)
    own = Augmenter([made], seed=1, **case.options)
    result = main(own.apply(batch, index=0))
    changed = (result != untouched(case)).any(axis=tuple(range(1, result.ndim)))
    limited = batch[1][:, 1] == 1 if case.data == "labelled" else batch[1] == 1
    assert not changed[limited].any()
    assert changed[~limited].any()


@every_operation
def test_the_recorded_parameters_do_the_same_again(case):
    own = pipeline(case, jit_compile=False)
    dataset = tf.data.Dataset.from_tensors(element(case))
    ((result, params),) = own(dataset, epoch=2, return_params=True, batched=True)
    again = own.apply(element(case), params=params, batched=True)
    for ours, first in zip(tf.nest.flatten(again), tf.nest.flatten(result), strict=True):
        # TensorFlow may compute in another order within a data set.
        np.testing.assert_allclose(ours, first, rtol=1e-5, atol=1e-3)


@every_image_operation
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 7, 3), (5, 2, 1)], ids=str)
def test_images_of_one_pixel_and_odd_sizes(case, shape):
    images = np.full((3, *shape), 100, np.uint8)
    batch = images if case.data != "labelled" else (images, np.eye(3, dtype="float32"))
    result = main(pipeline(case, jit_compile=False).apply(batch, index=0))
    assert result.shape == (3, *(case.output or shape[:2]), shape[2])
    assert np.isfinite(result).all()


@every_operation
def test_an_empty_batch_stays_empty(case):
    empty = tf.nest.map_structure(lambda each: each[:0], element(case))
    own = pipeline(case, jit_compile=False)
    assert main(own.apply(empty, index=0)).shape[0] == 0
