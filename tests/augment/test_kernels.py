import numpy as np
import pytest
import tensorflow as tf

from kerasreg import augment
from kerasreg.augment import _kernels


def test_full_batches_are_few_and_little_larger():
    counts = list(range(257))
    full = [int(_kernels.full_batch(tf.constant(count))) for count in counts]
    assert full[:9] == [1, 1, 2, 3, 4, 5, 6, 7, 8]
    assert (full[9], full[100], full[128], full[256]) == (10, 112, 128, 256)
    assert all(
        count <= size <= max(1, count * 1.25) for count, size in zip(counts, full, strict=True)
    )
    assert len(set(full)) <= 28


def test_only_known_sizes_are_compiled():
    assert _kernels.is_compiled(tf.zeros([2, 3, 4, 1]), "auto")
    shapes = []

    @tf.function(input_signature=[tf.TensorSpec([None, None, 4, 1])])
    def trace(images):
        shapes.append(_kernels.is_compiled(images, "auto"))
        shapes.append(_kernels.is_compiled(images, True))
        return images

    trace(tf.zeros([2, 3, 4, 1]))
    assert shapes == [False, True]
    assert not _kernels.is_compiled(tf.zeros([2, 3, 4, 1]), False)


def test_without_xla_plain_tensorflow_steps_in(monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (3, 6, 5, 1), np.uint8)
    operations = [augment.Rotate(30), augment.GaussianNoise(5)]
    expected = augment.Augmenter(operations, seed=1).apply(images, index=0)

    def refused(*arguments, jit_compile=None, **keywords):
        assert not jit_compile or keywords
        raise tf.errors.InvalidArgumentError(None, None, "XLA is not available here")

    _kernels._can_compile.cache_clear()
    monkeypatch.setattr(_kernels.tf, "function", refused)
    try:
        assert not _kernels.is_compiled(tf.constant(images), "auto")
    finally:
        monkeypatch.undo()
        plain = augment.Augmenter(operations, seed=1).apply(images, index=0)
        _kernels._can_compile.cache_clear()
    np.testing.assert_allclose(plain, expected, atol=5e-3)


@pytest.mark.parametrize("count", [0, 2, 5])
def test_filling_appends_zeros(count):
    images, index = _kernels.filled(
        [tf.ones([count, 2, 2, 1]), tf.range(1, count + 1)], tf.constant(5)
    )
    assert images.shape == (5, 2, 2, 1)
    assert index.numpy().tolist() == [*range(1, count + 1), *[0] * (5 - count)]
