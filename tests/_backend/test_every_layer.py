import keras

from kerasreg._backend.every_layer import every_layer


def test_layers_at_any_depth_are_found_once():
    dense = keras.layers.Dense(2)
    lstm = keras.layers.LSTM(2, return_sequences=True)
    inner = keras.Sequential([keras.layers.TimeDistributed(dense), lstm])
    model = keras.Sequential([keras.Input((3, 2)), inner, keras.layers.TimeDistributed(dense)])
    found = every_layer(model)
    assert [layer for layer in found if layer is dense] == [dense]
    assert lstm.cell in found
    assert model not in found
