import keras
import numpy as np
import pytest
from keras import ops

from kerasreg._backend.compiled_constant import is_compiled_constant


def test_eager_values_are_no_constants_of_a_compiled_step():
    value = ops.convert_to_tensor(np.ones(2))
    assert not is_compiled_constant(value, beside=value)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="a limit of JAX")
def test_what_jax_takes_for_a_constant():
    import jax

    seen = []

    @jax.jit
    def step(argument):
        seen.append(is_compiled_constant(outside, beside=argument))
        seen.append(is_compiled_constant(argument * 2, beside=argument))
        return argument + outside

    outside = jax.numpy.ones(2)
    step(outside)
    assert seen == [True, False]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a graph of TensorFlow")
def test_tensorflow_reads_a_variable_at_every_step():
    import tensorflow as tf

    variable = keras.Variable(np.ones(2, "float32"))
    seen = []

    @tf.function
    def step(argument):
        seen.append(is_compiled_constant(variable.value, beside=argument))
        return argument + variable.value

    step(tf.ones(2))
    variable.assign(np.zeros(2))
    np.testing.assert_array_equal(step(tf.ones(2)), [1, 1])
    assert not any(seen)
