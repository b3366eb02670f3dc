"""What the kernel computes is in the tests of batch normalization."""

import keras
import numpy as np
import pytest

from kerasreg._backend import fused_batch_norm as module

if keras.config.backend() != "tensorflow":
    pytest.skip("the kernel is TensorFlow's", allow_module_level=True)

import tensorflow as tf

LARGE = (32, 56, 56, 64)


def fits(shape, dtype="float32", jit_compile=False):
    found = []

    @tf.function(
        input_signature=[tf.TensorSpec(shape, dtype)], jit_compile=jit_compile, autograph=False
    )
    def trace(x):
        found.append(module.kernel_fits(x))

    trace.get_concrete_function()
    return found[0]


@pytest.mark.parametrize(
    ("shape", "dtype", "expected"),
    [
        (LARGE, "float32", True),
        (LARGE, "float16", True),
        (LARGE, "bfloat16", True),
        (LARGE, "float64", False),
        ((128, 1024), "float32", True),
        ((127, 1024), "float32", False),
        ((None, 64, 64), "float32", True),
        ((None, 63, 64), "float32", False),
        ((None, None, None, 128), "float32", True),
        ((0, 56, 56, 64), "float32", False),
    ],
)
def test_it_fits_large_tensors_of_its_types(shape, dtype, expected, monkeypatch):
    monkeypatch.setattr(module, "has_gpu", lambda: False)
    assert fits(shape, dtype) is expected


def test_on_a_gpu_and_in_eager_calls_it_fits_small_ones_too(monkeypatch):
    monkeypatch.setattr(module, "has_gpu", lambda: True)
    assert fits((2, 3))
    monkeypatch.setattr(module, "has_gpu", lambda: False)
    assert not fits((2, 3))
    assert module.kernel_fits(tf.zeros((2, 3)))


@pytest.mark.parametrize("has_gpu", [False, True])
def test_it_is_not_for_xla(has_gpu, monkeypatch):
    monkeypatch.setattr(module, "has_gpu", lambda: has_gpu)
    assert not fits(LARGE, jit_compile=True)


def test_variance_of_a_small_example_is_the_unbiased_one():
    """The elements 1, 2, 3, 4 have the mean 2.5 and the unbiased variance 5/3."""
    x = tf.reshape(tf.constant([1.0, 2.0, 3.0, 4.0]), (4, 1))
    one, zero = tf.ones(1), tf.zeros(1)
    y, mean, variance = module.fused_batch_norm(x, one, zero, 1, 1e-3, None)
    np.testing.assert_allclose(mean, [2.5], rtol=1e-6)
    np.testing.assert_allclose(variance, [5 / 3], rtol=1e-6)
    np.testing.assert_allclose(y[0, 0], -1.5 / np.sqrt(1.251), rtol=1e-6)
