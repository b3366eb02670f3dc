import keras
import numpy as np
import pytest
from keras import ops

from kerasreg.layers import L0Conv2D

LOGITS = np.array([-9.0, -1.5, 0.7, 9.0])
GATES = np.clip(1.2 / (1 + np.exp(-LOGITS)) - 0.1, 0, 1)
X = np.random.default_rng(0).normal(size=(2, 6, 5, 3)).astype("float32")


def built(**arguments):
    layer = L0Conv2D(4, (3, 2), **{"seed": 0, **arguments})
    first = layer.data_format == "channels_first"
    layer.build((None, 3, None, None) if first else (None, None, None, 3))
    layer.gate_logits.assign(LOGITS)
    if layer.use_bias:
        layer.bias.assign([0.5, 1.0, -1.0, 2.0])
    return layer


def numpy(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))


def test_filters_and_biases_have_gates():
    layer, plain = built(strides=2, padding="same"), keras.layers.Conv2D(4, (3, 2), 2, "same")
    plain.build(X.shape)
    plain.set_weights([numpy(layer.kernel), numpy(layer.bias)])
    np.testing.assert_allclose(numpy(layer(X)), numpy(plain(X)) * GATES, atol=1e-5)
    assert not numpy(layer(X))[..., 0].any()


def test_the_penalty_counts_the_weights_of_each_filter():
    layer = built(strength=0.25)
    layer(X, training=True)
    p = 1 / (1 + np.exp(-(LOGITS - 2 / 3 * np.log(0.1 / 1.1))))
    assert float(sum(layer.losses)) == pytest.approx(0.25 * 3 * 2 * 3 * p.sum(), rel=1e-6)


def test_one_draw_serves_the_batch():
    x = np.broadcast_to(X[:1], (3, *X.shape[1:]))
    y = numpy(built()(x, training=True))
    np.testing.assert_allclose(y, np.broadcast_to(y[:1], y.shape), atol=1e-6)


@pytest.mark.parametrize(
    "arguments",
    [{"activation": "relu"}, {"use_bias": False}, {"data_format": "channels_first"}],
    ids=str,
)
def test_the_pruned_layer_computes_the_kept_channels(arguments):
    layer = built(**arguments)
    first = layer.data_format == "channels_first"
    x = np.moveaxis(X, -1, 1) if first else X
    plain, kept = layer.pruned()
    assert type(plain) is keras.layers.Conv2D
    assert kept.tolist() == [1, 2, 3]
    if first and keras.backend.backend() == "tensorflow":
        assert plain.get_weights()[0].shape == (3, 2, 3, 3)  # no such convolution on a CPU
        return
    outputs = numpy(layer(x))
    expected = outputs[:, kept] if first else outputs[..., kept]
    np.testing.assert_allclose(numpy(plain(x)), expected, atol=1e-5)


def test_channels_first_is_channels_last_transposed():
    if keras.backend.backend() == "tensorflow":
        pytest.skip("TensorFlow has no such convolution on a CPU")
    layer, first = built(), built(data_format="channels_first")
    first.set_weights(layer.get_weights())
    for training in (False, True):
        expected = np.moveaxis(numpy(layer(X, training=training)), -1, 1)
        found = numpy(first(np.moveaxis(X, -1, 1), training=training))
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_groups_cannot_be_pruned():
    layer = L0Conv2D(4, 3, groups=2)
    layer.build((None, 5, 5, 4))
    with pytest.raises(RuntimeError, match=r"in groups.*\(L0Conv2D\)"):
        layer.pruned()


def test_gates_are_saved(tmp_path):
    model = keras.Sequential([keras.Input((6, 5, 3)), built(activation="relu")])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(numpy(loaded(X)), numpy(model(X)))
