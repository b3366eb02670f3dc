import keras

from kerasreg._backend.every_layer import every_layer, layers_by_path, own_weights


def test_layers_at_any_depth_are_found_once():
    dense = keras.layers.Dense(2)
    lstm = keras.layers.LSTM(2, return_sequences=True)
    inner = keras.Sequential([keras.layers.TimeDistributed(dense), lstm])
    model = keras.Sequential([keras.Input((3, 2)), inner, keras.layers.TimeDistributed(dense)])
    found = every_layer(model)
    assert [layer for layer in found if layer is dense] == [dense]
    assert lstm.cell in found
    assert model not in found


def test_paths_are_made_of_the_names_on_the_way():
    dense = keras.layers.Dense(2, name="dense")
    lstm = keras.layers.LSTM(2, return_sequences=True, name="lstm")
    steps = keras.layers.TimeDistributed(dense, name="steps")
    inner = keras.Sequential([lstm, steps], name="inner")
    outer = keras.layers.TimeDistributed(dense, name="outer")
    model = keras.Sequential([keras.Input((3, 2)), inner, outer], name="model")
    found = layers_by_path(model)
    assert [path for path, layer in found if not isinstance(layer, keras.layers.InputLayer)] == [
        "inner",
        "inner/lstm",
        "inner/lstm/lstm_cell",
        "inner/steps",
        "inner/steps/dense",
        "outer",
    ]
    assert {id(layer) for _, layer in found} == {id(layer) for layer in every_layer(model)}
    assert dict(found)["inner/lstm/lstm_cell"] is lstm.cell


def test_own_weights_are_those_of_no_layer_inside_frozen_or_not():
    norm = keras.layers.BatchNormalization()
    norm.build((None, 2))
    norm.trainable = False
    assert [weight.name for weight in own_weights(norm)] == ["gamma", "beta"]
    model = keras.Sequential([keras.Input((2,)), norm])
    assert own_weights(model) == []
