import keras
import pytest

from kerasreg import layers

WRAPPERS = {
    "WeightNormalization": layers.WeightNormalization,
    "WeightStandardization": layers.WeightStandardization,
    "DropConnect": lambda layer, **arguments: layers.DropConnect(layer, 0.5, **arguments),
}
every_wrapper = pytest.mark.parametrize("name", WRAPPERS)


@every_wrapper
def test_a_layer_with_several_inputs_is_refused(name):
    expected = rf"`layer`.*built for one input, not for query_shape, value_shape\..*\({name}\)"
    with pytest.raises(ValueError, match=expected):
        WRAPPERS[name](keras.layers.MultiHeadAttention(2, 4))


@every_wrapper
def test_what_bidirectional_needs_is_said(name):
    expected = rf"`go_backwards`.*{name}\(Bidirectional\(layer\)\)"
    with pytest.raises(ValueError, match=expected):
        WRAPPERS[name](keras.layers.GRU(2), go_backwards=True)
    wrapper = WRAPPERS[name](keras.layers.Bidirectional(keras.layers.GRU(2)))
    assert wrapper(keras.ops.ones((2, 3, 4))).shape == (2, 4)
