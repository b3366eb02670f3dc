import keras
import pytest
from keras import ops

from kerasreg._backend.replaced_calls import replaced_calls


def doubling(layer, call):
    return lambda *args, **kwargs: 2 * call(*args, **kwargs)


def test_layers_compute_something_else_for_a_while():
    layer = keras.layers.ReLU()
    model = keras.Sequential([keras.Input((1,)), layer])
    x = ops.ones((1, 1))
    with replaced_calls([layer], doubling):
        assert float(model(x)[0, 0]) == 2
        with replaced_calls([layer], doubling):
            assert float(model(x)[0, 0]) == 4
        assert float(model(x)[0, 0]) == 2
    assert float(model(x)[0, 0]) == 1
    assert "call" not in vars(layer)


def test_the_own_call_is_back_after_an_error():
    layer = keras.layers.ReLU()
    with pytest.raises(OSError, match="no"), replaced_calls([layer], doubling):
        raise OSError("no")
    assert "call" not in vars(layer)
