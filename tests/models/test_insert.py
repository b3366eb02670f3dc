import keras
import numpy as np
import pytest
from keras import layers, ops

import kerasreg
from kerasreg.layers import DropBlock2D, Dropout, DropPath
from kerasreg.models import Insert
from kerasreg.schedules import Linear

BACKEND = keras.backend.backend()
APPLICATIONS = {
    "ResNet50": (16, "conv2_block1_add_drop_path"),
    "MobileNetV3Small": (6, "expanded_conv_2_add_drop_path"),
    "ConvNeXtTiny": (18, "convnext_tiny_stage_0_block_0_identity_drop_path"),
}


def regularized(model, *rules):
    return kerasreg.regularize(model, list(rules), show=False)


def residual_net():
    """Returns a model with an `Add` layer, a sum by `+` and a projected shortcut."""
    inputs = keras.Input((8, 8, 4), name="image")
    x = layers.Conv2D(4, 3, padding="same", name="one")(inputs)
    x = layers.Add(name="sum_one")([layers.ReLU(name="active")(x), inputs])
    y = layers.Conv2D(4, 3, padding="same", name="two")(x)
    x = x + ops.relu(y) * 0.5
    y = layers.Conv2D(6, 1, name="three_a")(x)
    y = layers.Conv2D(6, 3, padding="same", name="three_b")(y)
    x = layers.Add(name="sum_three")([layers.Conv2D(6, 1, name="projection")(x), y])
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(3, name="head")(x))


def mlp(name="mlp"):
    stack = [keras.Input((4,), name="x"), layers.Dense(4, "relu", name="one")]
    return keras.Sequential([*stack, layers.Dense(4, name="two")], name=name)


def nested():
    """Returns a model with a nested one that is used twice, dicts, and two outputs."""
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    encoder = mlp("encoder")
    x = encoder(a) + encoder(b)
    x = layers.Dense(4, name="one")(x)
    return keras.Model({"a": a, "b": b}, {"y": layers.Dense(1, name="head")(x), "x": x})


def recurrent():
    inputs = keras.Input((5,), dtype="int32", name="words")
    x = layers.Embedding(7, 4, mask_zero=True, name="embedding")(inputs)
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True), name="both")(x)
    x = layers.TimeDistributed(Dropout(0.1, name="inside"), name="each")(x)
    return keras.Model(inputs, layers.GRU(2, name="last")(x))


def batch(model, size=64):
    random = np.random.default_rng(0)

    def one(tensor):
        shape = (size, *tensor.shape[1:])
        if keras.backend.is_int_dtype(tensor.dtype):
            return random.integers(1, 5, shape)
        return random.normal(size=shape).astype("float32")

    is_list = isinstance(model, keras.Sequential)
    return keras.tree.map_structure(one, model.inputs[0] if is_list else model.input)


def arrays(outputs):
    return [ops.convert_to_numpy(output) for output in keras.tree.flatten(outputs)]


def same(one, other):
    pairs = zip(arrays(one), arrays(other), strict=True)
    return all(np.array_equal(left, right) for left, right in pairs)


def names(model):
    return [layer.name for layer in model.layers]


class TestPlaces:
    @pytest.mark.parametrize(
        ("make", "rule", "expected"),
        [
            (mlp, Insert(Dropout(0.3), after="one"), ["one", "one_dropout", "two"]),
            (mlp, Insert(Dropout(0.3), before="one"), ["one_dropout", "one", "two"]),
            (mlp, Insert(Dropout(0.3), after="x"), ["x_dropout", "one", "two"]),
            (mlp, Insert(layers.GaussianNoise(0.3), after="two"), None),
        ],
        ids=["after", "before", "input", "end"],
    )
    def test_in_a_sequential_model(self, make, rule, expected):
        model = regularized(make(), rule)
        assert type(model) is keras.Sequential
        assert names(model) == (expected or ["one", "two", "two_gaussian_noise"])

    def test_after_and_before_in_a_graph(self):
        rules = Insert(DropBlock2D(0.1, 3), after=layers.Conv2D), Insert(Dropout(0.1), before="h*")
        model = regularized(residual_net(), *rules)
        added = [name for name in names(model) if "drop" in name]
        convs = ["one", "two", "three_a", "three_b", "projection"]
        assert sorted(added) == sorted([*(f"{c}_drop_block2d" for c in convs), "head_dropout"])
        head = model.get_layer("head").input
        assert head is model.get_layer("head_dropout").output
        assert model.get_layer("active").input is model.get_layer("one_drop_block2d").output

    def test_on_residuals_of_layers_operations_and_projections(self):
        model = regularized(residual_net(), Insert(DropPath(0.3), on_residuals=True, rates=(0, 1)))
        drops = [layer for layer in model.layers if isinstance(layer, DropPath)]
        expected = ["sum_one_drop_path", "two_drop_path", "sum_three_drop_path"]
        assert [drop.name for drop in drops] == expected
        assert [drop.rate for drop in drops] == [0.0, 0.5, 1.0]
        active, three = model.get_layer("active"), model.get_layer("three_b")
        assert drops[0].input is active.output
        assert drops[2].input is three.output

    def test_dropped_branch_leaves_the_shortcut(self):
        inputs = keras.Input((4,))
        model = keras.Model(inputs, layers.Dense(4)(inputs) + inputs)
        model = regularized(model, Insert(DropPath(1.0), on_residuals=True))
        x = batch(model)
        assert same(model(x, training=True), x)

    def test_chosen_residuals(self):
        model = regularized(residual_net(), Insert(DropPath(0.3), on_residuals=["two", "sum_o*"]))
        added = [name for name in names(model) if "drop" in name]
        assert added == ["sum_one_drop_path", "two_drop_path"]

    def test_inside_of_a_nested_model_by_path(self):
        model = regularized(nested(), Insert(Dropout(0.3), after="encoder/one"))
        assert names(model.get_layer("encoder")) == ["one", "one_dropout", "two"]
        assert not any("dropout" in name for name in names(model))

    def test_one_layer_for_all_calls_of_a_shared_one(self):
        model = regularized(nested(), Insert(Dropout(0.3), after="encoder"))
        assert names(model).count("encoder_dropout") == 1
        assert len(model.get_layer("encoder_dropout")._inbound_nodes) == 2

    def test_same_names_in_different_levels_are_numbered(self):
        model = regularized(nested(), Insert(Dropout(0.3, seed=1), after="one"))
        inner = model.get_layer("encoder").get_layer("one_dropout")
        outer = model.get_layer("one_dropout_1")
        assert inner.seed != outer.seed

    def test_several_rules_in_one_place_in_their_order(self):
        rules = [Insert(Dropout(rate, seed=1), after="one") for rate in (0.1, 0.2)]
        model = regularized(mlp(), *rules)
        assert names(model) == ["one", "one_dropout", "one_dropout_1", "two"]
        assert [layer.rate for layer in model.layers[1:3]] == [0.1, 0.2]
        assert len({layer.seed for layer in model.layers[1:3]}) == 2


class TestTemplate:
    def test_seeds_are_own_and_reproducible(self):
        rule = Insert(Dropout(0.5, seed=3), after=layers.Dense)
        one, other = (regularized(mlp(), rule) for _ in range(2))
        seeds = [layer.seed for layer in one.layers if isinstance(layer, Dropout)]
        assert len(set(seeds)) == 2
        assert seeds == [layer.seed for layer in other.layers if isinstance(layer, Dropout)]
        x = batch(one)
        masks = [arrays(one.get_layer(f"{n}_dropout")(x, training=True))[0] for n in ("one", "two")]
        assert not np.array_equal(masks[0] == 0, masks[1] == 0)

    def test_generator_counts_as_its_seed(self):
        rule = Insert(Dropout(0.5, seed=keras.random.SeedGenerator(3)), after=layers.Dense)
        first, second = regularized(mlp(), rule).layers[1::2]
        assert first.seed_generator is not second.seed_generator
        assert first.seed != second.seed

    def test_unseeded_layers_differ(self):
        first, second = regularized(mlp(), Insert(Dropout(0.5), after=layers.Dense)).layers[1::2]
        states = arrays([first.seed_generator.state, second.seed_generator.state])
        assert not np.array_equal(*states)

    def test_schedule_is_kept(self):
        rate = Linear(0.0, 0.5, steps=10)
        model = regularized(mlp(), Insert(Dropout(rate), after="one"))
        assert model.get_layer("one_dropout").rate == rate

    def test_function_of_the_layer_and_the_depth(self):
        seen = []

        def make(layer, depth):
            seen.append((layer.name, depth))
            return Dropout(depth / 2)

        model = regularized(mlp(), Insert(make, after=layers.Dense))
        assert seen == [("one", 0.5), ("two", 1.0)]
        assert [layer.rate for layer in model.layers[1::2]] == [0.25, 0.5]

    def test_wrapper_around_a_layer(self):
        wrapped = layers.TimeDistributed(layers.Dropout(0.5, seed=1))
        model = regularized(recurrent(), Insert(wrapped, after=["embedding", "both"]))
        inner = [model.get_layer(f"{n}_time_distributed").layer for n in ("embedding", "both")]
        assert inner[0].seed != inner[1].seed

    def test_precision_of_the_place(self):
        inputs = keras.Input((4,))
        x = layers.Dense(4, dtype="mixed_bfloat16", name="half")(inputs)
        model = keras.Model(inputs, layers.Dense(1, dtype="float32", name="whole")(x))
        rules = Insert(Dropout(0.5), after="half"), Insert(Dropout(0.5), after="whole")
        model = regularized(model, *rules)
        assert model.get_layer("half_dropout").dtype_policy.name == "mixed_bfloat16"
        assert model.get_layer("whole_dropout").dtype_policy.name == "float32"


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ("linear", [0.2, 0.4, 0.6]),
        ((0.1, 0.3), [0.1, 0.2, 0.3]),
        ([0.5, 0.0, 0.25], [0.5, 0.0, 0.25]),
        (None, [0.6, 0.6, 0.6]),
    ],
    ids=["linear", "pair", "list", "None"],
)
def test_rates(rates, expected):
    model = regularized(residual_net(), Insert(DropPath(0.6), on_residuals=True, rates=rates))
    found = [layer.rate for layer in model.layers if isinstance(layer, DropPath)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_pair_of_rates_for_one_place_is_the_last():
    model = regularized(mlp(), Insert(Dropout(0.6), after="one", rates=(0.1, 0.3)))
    assert model.get_layer("one_dropout").rate == 0.3


CASES = {
    "sequential": (mlp, Insert(Dropout(0.5, seed=1), after="one")),
    "graph": (residual_net, Insert(DropPath(0.5, seed=1), on_residuals=True)),
    "nested": (nested, Insert(Dropout(0.5, seed=1), after=["encoder", "encoder/one"])),
    "recurrent": (recurrent, Insert(Dropout(0.5, seed=1), before=["both", "last"])),
}


@pytest.fixture(scope="module", params=CASES, ids=str)
def pair(request):
    make, rule = CASES[request.param]
    model = make()
    return model, regularized(model, rule)


class TestModel:
    def test_inference_is_unchanged_to_the_bit(self, pair):
        model, new = pair
        x = batch(model)
        assert same(model(x, training=False), new(x, training=False))

    def test_training_is_random(self, pair):
        model, new = pair
        x = batch(model)
        assert not same(new(x, training=True), new(x, training=True))

    def test_fit_save_and_load(self, pair, tmp_path):
        model, new = pair
        x = batch(model, 8)
        y = keras.tree.map_structure(lambda t: np.zeros(t.shape, "float32"), new(x))
        new.compile("sgd", keras.tree.map_structure(lambda _: "mse", y))
        new.fit(x, y, batch_size=4, verbose=0)
        new.save(tmp_path / "model.keras")
        again = keras.saving.load_model(tmp_path / "model.keras")
        assert same(new.predict(x, verbose=0), again.predict(x, verbose=0))
        assert same(new(x, training=True), again(x, training=True))


@pytest.fixture(scope="module", params=APPLICATIONS, ids=str)
def application(request):
    make = getattr(keras.applications, request.param)
    model = make(weights=None, input_shape=(32, 32, 3), classes=4)
    rule = Insert(DropPath(0.5, seed=2), on_residuals=True, rates="linear")
    return request.param, model, regularized(model, rule)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="large models on TensorFlow only")
class TestApplications:
    def test_each_residual_branch_has_drop_path(self, application):
        name, model, new = application
        count, first = APPLICATIONS[name]
        drops = [layer for layer in new.layers if isinstance(layer, DropPath)]
        assert len(drops) == count
        assert drops[0].name == first
        assert len(new.layers) == len(model.layers) + count
        assert [drop.rate for drop in drops] == kerasreg.layers.linear_rates(count, 0.5)

    def test_inference_training_save_and_load(self, application, tmp_path):
        name, model, new = application
        x = np.random.default_rng(0).uniform(0, 1, (2, 32, 32, 3)).astype("float32")
        expected = model(x)
        assert same(new(x), expected)
        assert not same(new(x, training=True), new(x, training=True))
        if name != "ConvNeXtTiny":
            # Moving statistics of two images with maps of one pixel overflow, in Keras' models too.
            kerasreg.models.freeze_batch_norm(new)
        new.compile(keras.optimizers.SGD(1e-9), "sparse_categorical_crossentropy", run_eagerly=True)
        new.train_on_batch(x, np.array([0, 1]))
        assert np.isfinite(arrays(new(x))[0]).all()
        new.save(tmp_path / "model.keras")
        again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
        assert same(again(x), new(x))


class Twice(layers.Layer):
    def call(self, inputs):
        return ops.concatenate([inputs, inputs], axis=-1)


class NoConfig(layers.Layer):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, inputs):
        return self.function(inputs)


def built():
    layer = layers.BatchNormalization()
    layer.build((None, 4))
    return layer


BAD_ARGUMENTS = [
    ({"layer": Dropout(0.1)}, ValueError, "one of `after`, `before` and `on_residuals`"),
    ({"layer": Dropout(0.1), "after": "a", "before": "b"}, ValueError, "after='a', before='b'"),
    ({"layer": Dropout(0.1), "after": "a", "on_residuals": True}, ValueError, "on_residuals=True"),
    ({"layer": Dropout, "after": "a"}, TypeError, r"Make one: Dropout\(\.\.\.\)"),
    ({"layer": 0.5, "after": "a"}, TypeError, "a Keras layer that is not built"),
    ({"layer": built(), "after": "a"}, ValueError, "weights would be lost"),
    ({"layer": NoConfig(ops.relu), "after": "a"}, ValueError, "needs a `get_config`"),
    ({"layer": Dropout(0.1), "after": "a", "rates": "cubic"}, ValueError, "'linear', a pair"),
    ({"layer": Dropout(0.1), "after": "a", "rates": 0.5}, TypeError, "'linear', a pair"),
    ({"layer": Dropout(0.1), "after": "a", "rates": (0.1, 0.2, 0.3)}, ValueError, "a pair"),
    ({"layer": Dropout(0.1), "after": "a", "rates": []}, ValueError, "a pair"),
    ({"layer": Dropout(0.1), "after": "a", "rates": (0.0, 1.5)}, ValueError, "between 0 and 1"),
    (
        {"layer": layers.GaussianNoise(0.1), "after": "a", "rates": "linear"},
        ValueError,
        "no `rate` that is a number",
    ),
    (
        {"layer": Dropout(Linear(0.0, 0.5, steps=9)), "after": "a", "rates": "linear"},
        ValueError,
        "no `rate` that is a number",
    ),
    (
        {"layer": lambda layer, depth: Dropout(depth), "after": "a", "rates": "linear"},
        ValueError,
        "which knows the depth",
    ),
]


@pytest.mark.parametrize(
    ("arguments", "error", "words"), BAD_ARGUMENTS, ids=range(len(BAD_ARGUMENTS))
)
def test_bad_arguments(arguments, error, words):
    with pytest.raises(error, match=words):
        Insert(**arguments)


def three_branches():
    inputs = keras.Input((4,))
    branches = [layers.Dense(4)(inputs), layers.Dense(4)(inputs)]
    return keras.Model(inputs, layers.Add(name="sum")([inputs, *branches]))


def alike():
    inputs = keras.Input((4,))
    branches = layers.Dense(4)(inputs), layers.Dense(4)(inputs)
    return keras.Model(inputs, layers.Add(name="sum")(branches))


def dropped_already():
    inputs = keras.Input((4, 4))
    x = layers.Dropout(0.1, noise_shape=(None, 1, 1), name="drop")(layers.Dense(4)(inputs))
    return keras.Model(inputs, layers.Add(name="sum")([inputs, x]))


def subclassed():
    class Own(keras.Model):
        def call(self, inputs):
            return inputs

    model = Own()
    model(np.ones((1, 4)))
    return model


BAD_PLACES = [
    (mlp, Insert(Dropout(0.1), after="on"), "`after`.*of which the model has 'one'"),
    (mlp, Insert(Dropout(0.1), before="on"), "`before`.*of which the model has 'one'"),
    (mlp, Insert(Dropout(0.1), after=layers.Conv2D), "what matches a layer in its graph"),
    (recurrent, Insert(Dropout(0.1), after="inside"), "what matches a layer in its graph"),
    (recurrent, Insert(Dropout(0.1), before="words"), "Use `after`"),
    (recurrent, Insert(Dropout(0.1), after="words"), "int32 at 'words'"),
    (residual_net, Insert(Dropout(0.1), before="sum_one"), "on_residuals=.*branches"),
    (
        residual_net,
        Insert(Dropout(0.1), on_residuals="head"),
        "`on_residuals`.*an `Add` layer, or the last",
    ),
    (mlp, Insert(DropPath(0.1), on_residuals=True), "has residual additions"),
    (three_branches, Insert(DropPath(0.1), on_residuals=True), "this one adds 3 tensors"),
    (alike, Insert(DropPath(0.1), on_residuals=True), "both ways to this one are 1 calls long"),
    (dropped_already, Insert(DropPath(0.1), on_residuals=True), "`drop`.*ReplaceDropout"),
    (mlp, Insert(DropBlock2D(0.1, 3), after="one"), r"\(None, 4\).*'one'"),
    (mlp, Insert(Twice(), after="one"), r"keeps shape and dtype.*'one'.*\(None, 8\)"),
    (mlp, Insert(Dropout(0.1, dtype="float16"), after="one"), "keeps shape and dtype.*float16"),
    (
        residual_net,
        Insert(DropPath(0.1), on_residuals=True, rates=[0.1]),
        "3 rates, one for each of sum_one",
    ),
]


@pytest.mark.parametrize(("make", "rule", "words"), BAD_PLACES, ids=range(len(BAD_PLACES)))
def test_bad_places(make, rule, words):
    with pytest.raises(ValueError, match=f"(?s){words}"):
        regularized(make(), rule)


def test_function_that_returns_no_layer():
    with pytest.raises(TypeError, match=r"it returned 0\.5 for 'one'"):
        regularized(mlp(), Insert(lambda layer, depth: 0.5, after="one"))


def test_subclassed_model_cannot_be_edited():
    with pytest.raises(ValueError, match="in_place=True"):
        regularized(subclassed(), Insert(Dropout(0.1), after="one"))


def test_in_place_is_refused():
    with pytest.raises(ValueError, match="in_place"):
        kerasreg.regularize(mlp(), Insert(Dropout(0.1), after="one"), in_place=True)


def test_other_layers_of_a_user_that_drop_samples_too_are_added_to():
    model = regularized(dropped_already(), Insert(Dropout(0.1), on_residuals=True))
    assert "sum_dropout" in names(model)
