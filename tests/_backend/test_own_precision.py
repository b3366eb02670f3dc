import keras
import numpy as np
import pytest

from kerasreg._backend.own_precision import in_own_precision


class Reader(keras.layers.Layer):
    def build(self, shape):
        self.weight = self.add_weight(name="weight", shape=(2,), initializer="ones")

    def call(self, inputs):
        self.dtypes = [
            keras.backend.standardize_dtype(value.dtype)
            for value in (self.weight.value, in_own_precision(self.weight), self.weight.value)
        ]
        return inputs


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float32"])
def test_a_weight_is_read_in_its_own_precision_for_that_time_only(policy):
    reader = Reader(dtype=policy)
    reader(np.ones((2, 2)))
    computed, own = reader.compute_dtype, reader.variable_dtype
    assert reader.dtypes == [computed, own, computed]


def test_the_value_is_that_of_the_scope():
    variable = keras.Variable(np.zeros(2, "float32"))
    with keras.StatelessScope([(variable, keras.ops.ones(2))]):
        assert keras.ops.convert_to_numpy(in_own_precision(variable)).tolist() == [1.0, 1.0]
