import keras
import numpy as np
import pytest
from keras import layers, ops

import kerasreg
from kerasreg.models import Insert, ReplaceDropout

BACKEND = keras.backend.backend()
SAME_NAME = [
    layers.Dropout(0.25, noise_shape=(None, 1, 3), seed=4, name="drop"),
    layers.Dropout(0.0, name="drop"),
    layers.SpatialDropout1D(0.25, seed=4, name="drop"),
    layers.AlphaDropout(0.25, noise_shape=(None, 1, 3), seed=4, name="drop"),
    layers.GaussianDropout(0.25, seed=4, name="drop"),
    layers.GaussianNoise(0.25, seed=4, name="drop"),
]


class Own(layers.Dropout):
    """A layer of a user's own."""


class Block(layers.Layer):
    """A layer that makes its own dropout."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.drop = layers.Dropout(0.5, name="drop")

    def call(self, inputs, training=False):
        return self.drop(inputs, training=training)


def regularized(model, *rules):
    return kerasreg.regularize(model, list(rules), show=False)


def mixed():
    """Returns a model with dropout in a wrapper, in a nested model, and where it is made inside."""
    inputs = keras.Input((5, 4))
    x = layers.TimeDistributed(layers.Dropout(0.3, seed=2, name="drop"), name="each")(inputs)
    x = layers.MultiHeadAttention(2, 2, dropout=0.2, name="attention")(x, x)
    nested = [keras.Input((5, 4)), layers.Dropout(0.1, name="drop"), Own(0.1, name="own")]
    x = keras.Sequential(nested, name="nested")(x)
    return keras.Model(inputs, kerasreg.layers.Dropout(0.1, name="ours")(x))


def blocks():
    """Returns a model whose residual branches have drop path under the name of dropout."""
    x = inputs = keras.Input((4, 3))
    for index, rate in enumerate((0.1, 0.4)):
        y = layers.Dense(3, name=f"dense_{index}")(x)
        x = x + layers.Dropout(rate, noise_shape=(None, 1, 1), name=f"drop_{index}")(y)
    return keras.Model(inputs, layers.GaussianNoise(0.1, name="noise")(x))


@pytest.mark.parametrize("layer", SAME_NAME, ids=lambda layer: type(layer).__name__)
def test_has_class_arguments_and_seed(layer):
    model = keras.Sequential([keras.Input((4, 3)), layer])
    model(np.ones((2, 4, 3)), training=True)
    layer.trainable = False
    new = regularized(model, ReplaceDropout()).layers[0]
    assert type(new) is getattr(kerasreg.layers, type(layer).__name__)
    arguments = layer.get_config()
    arguments["dtype"] = new.get_config()["dtype"]  # a name only in that of SpatialDropout1D
    assert {key: new.get_config()[key] for key in arguments} == arguments
    assert (new.name, new.trainable) == ("drop", False)
    states = [[ops.convert_to_numpy(v.value) for v in each.variables] for each in (layer, new)]
    if states[0]:  # that of Keras with rate 0 has none
        np.testing.assert_array_equal(*states)


@pytest.mark.parametrize("rank", [4, 5])
def test_spatial_dropout_keeps_data_format_and_precision(rank):
    dimensions = rank - 2
    kind = f"SpatialDropout{dimensions}D"
    layer = getattr(layers, kind)(0.5, data_format="channels_first", dtype="mixed_bfloat16")
    model = keras.Sequential([keras.Input((3,) + (4,) * dimensions), layer])
    new = regularized(model, ReplaceDropout()).layers[0]
    assert type(new) is getattr(kerasreg.layers, kind)
    assert new.data_format == "channels_first"
    assert new.dtype_policy.name == "mixed_bfloat16"


class TestWhere:
    def test_everywhere_but_in_layers_that_make_it(self):
        model = mixed()
        new = regularized(model, ReplaceDropout())
        assert type(new.get_layer("each").layer) is kerasreg.layers.Dropout
        assert new.get_layer("each").layer.seed == 2
        assert type(new.get_layer("nested").layers[0]) is kerasreg.layers.Dropout
        assert type(new.get_layer("nested").layers[1]) is Own
        x = np.random.default_rng(0).normal(size=(3, 5, 4)).astype("float32")
        np.testing.assert_array_equal(*(ops.convert_to_numpy(each(x)) for each in (model, new)))

    def test_by_path(self):
        new = regularized(mixed(), ReplaceDropout("nested/*"))
        assert type(new.get_layer("each").layer) is layers.Dropout
        assert type(new.get_layer("nested").layers[0]) is kerasreg.layers.Dropout

    def test_table_names_what_stays(self, capsys):
        kerasreg.regularize(mixed(), ReplaceDropout())
        printed = " ".join(capsys.readouterr().out.split())
        assert "stays" in printed
        assert "MultiHeadAttention" in printed

    def test_together_with_a_layer_after_it(self):
        insert = Insert(layers.GaussianNoise(0.1), after="drop_0")
        new = regularized(blocks(), ReplaceDropout("drop_0"), insert)
        assert type(new.get_layer("drop_0")) is kerasreg.layers.Dropout
        noise = new.get_layer("drop_0_gaussian_noise")
        assert noise.input is new.get_layer("drop_0").output


class TestRates:
    @pytest.mark.parametrize(
        ("rates", "expected"),
        [(None, [0.1, 0.4]), ("linear", [0.2, 0.4]), ((0.0, 0.3), [0.0, 0.3])],
        ids=["None", "linear", "pair"],
    )
    def test_by_depth(self, rates, expected):
        new = regularized(blocks(), ReplaceDropout("drop_*", rates=rates))
        drops = [layer for layer in new.layers if isinstance(layer, layers.Dropout)]
        assert [drop.rate for drop in drops] == expected
        assert [tuple(drop.noise_shape) for drop in drops] == [(None, 1, 1)] * 2

    def test_fit_save_and_load(self, tmp_path):
        new = regularized(blocks(), ReplaceDropout())
        x = np.random.default_rng(0).normal(size=(8, 4, 3)).astype("float32")
        new.compile("sgd", "mse")
        new.fit(x, x, verbose=0)
        new.save(tmp_path / "model.keras")
        again = keras.saving.load_model(tmp_path / "model.keras")
        for training in (False, True):
            outputs = [ops.convert_to_numpy(m(x, training=training)) for m in (new, again)]
            np.testing.assert_array_equal(*outputs)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="large models on TensorFlow only")
def test_efficient_net():
    model = keras.applications.EfficientNetV2B0(weights=None, input_shape=(32, 32, 3), classes=4)
    new = regularized(model, ReplaceDropout("block*_drop", rates=(0.0, 0.3)))
    kinds = [layer for layer in new.layers if isinstance(layer, layers.Dropout)]
    drops = [layer for layer in kinds if type(layer) is kerasreg.layers.Dropout]
    assert len(drops) == len(kinds) - 1 == 15  # but for that of the head
    assert (drops[0].rate, drops[-1].rate) == (0.0, 0.3)
    x = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype("float32")
    outputs = [ops.convert_to_numpy(each(x)) for each in (model, new)]
    np.testing.assert_array_equal(*outputs)
    first, second = (ops.convert_to_numpy(new(x, training=True)) for _ in range(2))
    assert not np.array_equal(first, second)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="large models on TensorFlow only")
def test_stochastic_depth_of_conv_next():
    tiny = keras.applications.ConvNeXtTiny
    make = tiny.__globals__["ConvNeXt"]  # its rate is no argument of the public functions
    sizes = {"depths": [1, 1, 1, 2], "projection_dims": [8, 8, 8, 8]}
    options = {"include_top": False, "include_preprocessing": False, "weights": None}
    model = make(**sizes, **options, drop_path_rate=0.4, input_shape=(32, 32, 3), name="small")
    old = [layer for layer in model.layers if hasattr(layer, "drop_path_rate")]
    new = regularized(model, ReplaceDropout())
    drops = [layer for layer in new.layers if isinstance(layer, kerasreg.layers.DropPath)]
    assert [drop.name for drop in drops] == [layer.name for layer in old]
    assert [drop.rate for drop in drops] == [float(layer.drop_path_rate) for layer in old]
    assert len(drops) == 4  # the first block has a rate of 0 and no such layer
    with pytest.raises(ValueError, match="drops whole samples"):
        regularized(model, Insert(kerasreg.layers.DropPath(0.1), on_residuals=True))


def made_inside():
    return keras.Sequential([keras.Input((4,)), Block(name="block")])


BAD = [
    (mixed, ReplaceDropout("drop_*"), "of which the model has .*drop"),
    (mixed, ReplaceDropout("ours"), "a dropout or noise layer of Keras"),
    (mixed, ReplaceDropout(layers.GaussianNoise), "a dropout or noise layer of Keras"),
    (made_inside, ReplaceDropout(), "not made by another one, as 'block/drop' is by Block"),
    (blocks, ReplaceDropout(rates="linear"), r"no rate, as 'noise' \(GaussianNoise\)"),
    (blocks, ReplaceDropout("drop_*", rates=[0.1]), "2 rates, one for each of drop_0, drop_1"),
]


@pytest.mark.parametrize(("make", "rule", "words"), BAD, ids=range(len(BAD)))
def test_bad_places(make, rule, words):
    with pytest.raises(ValueError, match=words):
        regularized(make(), rule)


@pytest.mark.parametrize("rates", ["cubic", (0.1,), (0.1, 2.0)])
def test_bad_rates(rates):
    with pytest.raises(ValueError, match="rates"):
        ReplaceDropout(rates=rates)


def test_layer_of_the_wrong_kind_of_where():
    with pytest.raises(TypeError, match="a glob"):
        regularized(blocks(), ReplaceDropout(3))
