"""Averages on the device: how they move, and how a model gets them for a while."""

import gc
import weakref

import keras
import numpy as np

from kerasreg._backend.weight_averages import (
    SMALLEST_KERNEL,
    WeightAverages,
    attach,
    averages_in,
    averages_of,
    detach,
)


class Holder(keras.Layer):
    """Holds weights of all kinds; one is large enough for a kernel of its own."""

    def build(self, shape):
        self.large = self.add_weight(shape=(SMALLEST_KERNEL,), initializer="ones")
        self.half = self.add_weight(shape=(2,), initializer="ones", dtype="float16")
        self.count = self.add_weight(shape=(), initializer="zeros", dtype="int32", trainable=False)
        self.statistic = self.add_weight(shape=(3,), initializer="ones", trainable=False)

    def call(self, x):
        return x


def make():
    model = keras.Sequential([keras.Input((1,)), Holder()])
    return model, model.layers[0]


def numbers(variables):
    return [float(np.ravel(v.numpy())[0]) for v in variables]


def assign(layer, value):
    layer.large.assign(np.full(layer.large.shape, value, "float32"))
    layer.half.assign(np.full(2, value, "float16"))
    layer.statistic.assign(np.full(3, value, "float32"))
    layer.count.assign(int(value))


def test_a_move_goes_a_share_of_the_way():
    model, layer = make()
    averages = WeightAverages(model)
    assign(layer, 3)
    averages.move(0.25)
    by_weight = averages.by_weight()
    found = [by_weight[id(w)] for w in (layer.large, layer.half, layer.statistic, layer.count)]
    assert numbers(found) == [1.5, 1.5, 1.5, 3]
    assert [v.dtype for v in found] == ["float32", "float32", "float32", "int32"]
    averages.move(0.5)
    assert numbers([averages.by_weight()[id(layer.large)]]) == [2.25]


def test_the_model_has_them_within_a_block_and_its_own_again():
    model, layer = make()
    averages = WeightAverages(model)
    assign(layer, 3)
    averages.move(0.25)
    own = model.get_weights()
    with averages.in_model():
        assert numbers([layer.large, layer.half, layer.count]) == [1.5, 1.5, 3]
        with averages.in_model():
            pass
        assert numbers([layer.large]) == [1.5]
        assert averages.set_aside()[0][0] == 3
    for a, b in zip(model.get_weights(), own, strict=True):
        np.testing.assert_array_equal(a, b)
    averages.settle()
    assert numbers([layer.large, layer.half]) == [1.5, 1.5]


def test_they_are_finished_once_after_each_move():
    model, layer = make()
    calls = []

    def finish():
        calls.append(float(layer.large.numpy()[0]))
        layer.statistic.assign(np.full(3, 7.0))

    averages = WeightAverages(model, finish)
    assign(layer, 3)
    averages.move(0.25)
    for _ in range(2):
        with averages.in_model():
            assert numbers([layer.statistic]) == [7]
        assert numbers([layer.statistic]) == [3]
    assert numbers([averages.by_weight()[id(layer.statistic)]]) == [7]
    assert calls == [1.5]
    averages.move(0.5)
    averages.by_weight()
    assert calls == [1.5, 2.25]


def test_who_has_averages():
    model, _ = make()
    averages = WeightAverages(model)
    assert averages_of(model) is None
    attach(model, averages)
    assert averages_of(model) is averages
    assert averages_of(object()) is None
    with averages_in(object()):
        pass
    detach(model)
    assert averages_of(model) is None


def test_they_keep_no_model_alive():
    model, _ = make()
    averages = WeightAverages(model)
    attach(model, averages)
    reference = weakref.ref(model)
    del model
    gc.collect()
    assert reference() is None
    assert averages.variables
