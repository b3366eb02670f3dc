"""The same data from real photographs, whatever batches, parallel calls and interruptions."""

import numpy as np
import pytest
import tensorflow as tf
from sklearn.datasets import load_sample_images

from kerasreg import augment

SIZE = 48


def windows():
    """Returns 40 windows cut from two photographs."""
    cut = [
        photograph[row : row + SIZE, column : column + SIZE]
        for photograph in load_sample_images().images
        for row in range(0, 4 * SIZE, SIZE)
        for column in range(0, 5 * SIZE, SIZE)
    ]
    return np.stack(cut)


PHOTOGRAPHS = windows()
LABELS = np.arange(len(PHOTOGRAPHS)) % 4
OPERATIONS = [
    augment.Rotate(30, limits={2: 5}),
    augment.Shift(0.2, 0.2, probability=0.7),
    augment.OneOf([augment.Blur((0.5, 2.0)), augment.PixelDropout(0.1), augment.Rotate(90)]),
    augment.GaussianNoise((0.0, 8.0)),
]


@pytest.fixture(scope="module")
def augmenter():
    return augment.Augmenter(OPERATIONS, seed=7, dtype="uint8")


def dataset(batch_size):
    return tf.data.Dataset.from_tensor_slices((PHOTOGRAPHS, LABELS)).batch(batch_size)


def all_of(data):
    return np.concatenate([images for images, _ in data.as_numpy_iterator()])


@pytest.fixture(scope="module")
def expected(augmenter):
    return all_of(augmenter(dataset(64), epoch=3))


def same(found, expected):
    # Rounding to whole numbers may fall the other way where TensorFlow sums in another order.
    difference = np.abs(found.astype(int) - expected.astype(int))
    return difference.max() <= 1 and np.mean(difference > 0) < 1e-3


@pytest.mark.parametrize("batch_size", [1, 7, 64])
@pytest.mark.parametrize("parallel", [1, 2, 8])
def test_the_same_data(augmenter, expected, batch_size, parallel):
    data = augmenter(dataset(batch_size), epoch=3, num_parallel_calls=parallel)
    found = all_of(data)
    assert same(found, expected)
    # To the bit, run after run.
    np.testing.assert_array_equal(all_of(data), found)


@pytest.mark.parametrize("step", [1, 4])
def test_resumed_from_any_step(augmenter, expected, step):
    found = all_of(augmenter(dataset(7), epoch=3).skip(step))
    assert same(found, expected[7 * step :])


def test_worked_on_by_two_workers(augmenter):
    """Each takes every other batch of what was augmented, as a sharded data set does."""
    data = augmenter(dataset(7), epoch=3)
    whole = [images for images, _ in data.as_numpy_iterator()]
    for worker in range(2):
        own = [images for images, _ in data.shard(2, worker).as_numpy_iterator()]
        for found, first in zip(own, whole[worker::2], strict=True):
            np.testing.assert_array_equal(found, first)


def test_another_seed_and_another_epoch_are_other_data(augmenter, expected):
    for data in (
        augmenter(dataset(64), epoch=4),
        augment.Augmenter(OPERATIONS, seed=8, dtype="uint8")(dataset(64), epoch=3),
    ):
        changed = np.mean(all_of(data) != expected, axis=(1, 2, 3))
        assert changed.min() > 0.3
