import keras
import numpy as np
from keras import ops

from kerasreg import layers
from kerasreg._backend.extra_pass import extra_pass, same_draws

X = np.arange(6.0, dtype="float32").reshape(3, 2) + 1


def made():
    norm = keras.layers.BatchNormalization()
    model = keras.Sequential([keras.Input((2,)), norm, layers.Dropout(0.5, seed=1)])
    model.layers[0].activity_regularizer = keras.regularizers.L2(1.0)
    return model


def numbers(tensors):
    return [ops.convert_to_numpy(ops.stop_gradient(each)) for each in tensors]


def test_only_random_layers_go_on():
    model, twin = made(), made()
    expected = numbers([twin(X, training=True) for _ in range(3)])
    model(X, training=True)
    before = [*numbers(model.losses), *model.get_weights()]
    found = numbers(extra_pass(model, lambda: [model(X, training=True) for _ in range(2)]))
    after = [*numbers(model.losses), *model.get_weights()]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(found, expected[1:], rtol=1e-6)
    assert int(ops.convert_to_numpy(model.layers[1].seed_generator.state.value)[1]) == 3


def test_passes_with_the_same_draws():
    model = made()

    def passes():
        run = same_draws(model)
        return [run(lambda: model(X, training=True)) for _ in range(2)]

    first, second = numbers(extra_pass(model, passes))
    np.testing.assert_array_equal(first, second)
    assert int(ops.convert_to_numpy(model.layers[1].seed_generator.state.value)[1]) == 1
