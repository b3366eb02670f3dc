import keras
import numpy as np
import pytest
from keras import ops

from kerasreg._statistics._channel_sum import channel_sum

RNG = np.random.default_rng(0)
PLACES = [
    (shape, axis)
    for shape in ((70, 3), (64, 3), (3, 3), (7, 10, 2, 3), (65, 2, 4), (0, 3))
    for axis in range(len(shape))
]


def exact(x, axis):
    return x.astype("float64").sum(axis=tuple(i for i in range(x.ndim) if i != axis))


@pytest.mark.parametrize(("shape", "axis"), PLACES)
def test_sums_against_float64(shape, axis):
    x = RNG.normal(size=shape).astype("float32")
    found = ops.convert_to_numpy(channel_sum(ops.convert_to_tensor(x), axis))
    np.testing.assert_allclose(found, exact(x, axis), rtol=1e-5, atol=1e-5)


@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="in parts under TensorFlow")
@pytest.mark.parametrize(("shape", "axis"), PLACES)
def test_sums_in_parts_under_xla(shape, axis):
    import tensorflow as tf

    x = RNG.normal(size=shape).astype("float32")
    for sizes in (shape, [None, *shape[1:]]):
        if sizes[axis] is None:
            continue

        @tf.function(input_signature=[tf.TensorSpec(sizes)], jit_compile=True, autograph=False)
        def compiled(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                total = channel_sum(x, axis)
            return total, tape.gradient(total, x)

        found, gradient = compiled(x)
        np.testing.assert_allclose(found, exact(x, axis), rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(gradient, np.ones(shape))
