"""Weights that have other values during one call, and layers that would be called again."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import kerasreg
from kerasreg._backend.not_rematerialized import not_rematerialized


def test_within_it_no_layer_inside_recomputes_and_then_all_do_again():
    with keras.RematScope(mode="full"):
        model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    plain = layers.Dense(2)
    model.add(plain)

    def modes():
        return [layer._remat_mode and layer._remat_mode.mode for layer in model.layers]

    with not_rematerialized(model):
        assert modes() == [None, None]
    assert modes() == ["full", None]


@pytest.mark.parametrize("make", [lambda: layers.Dense(30, use_bias=False)])
def test_the_gradient_of_a_layer_made_under_remat_scope_is_that_of_its_mask(make):
    with keras.RematScope(mode="full"):
        layer = kerasreg.layers.DropConnect(make(), 0.5, seed=3)
    model = keras.Sequential([keras.Input((20,)), layer])
    model.compile(keras.optimizers.SGD(1.0), "mse", run_eagerly=True)
    before = model.get_weights()[0]
    fresh = kerasreg.layers.DropConnect(make(), 0.5, seed=3)
    fresh.build((1, 20))
    fresh.set_weights([np.ones((20, 30), "float32")])
    kept = ops.convert_to_numpy(fresh(np.eye(20, dtype="float32"), training=True)) > 0
    model.fit(np.ones((1, 20), "float32"), np.full((1, 30), 9.0), verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0] != before, kept)


class Recomputed(layers.Layer):
    def build(self, shape):
        self.kernel = self.add_weight(name="kernel", shape=(shape[-1], 2))

    def call(self, inputs):
        return keras.remat(lambda x: ops.matmul(x, self.kernel))(inputs)


def test_a_layer_that_recomputes_by_itself_is_refused():
    layer = kerasreg.layers.DropConnect(Recomputed(), 0.5)
    assert layer(ops.ones((1, 3))).shape == (1, 2)
    with pytest.raises(RuntimeError, match=r"The wrapped layer uses `keras.remat`"):
        layer(ops.ones((1, 3)), training=True)
