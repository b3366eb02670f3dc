import json

import keras
import numpy as np
import pytest
from keras import layers, ops, tree

import kerasreg
from kerasreg.models._edited import edited

BACKEND = keras.backend.backend()
tensorflow_only = pytest.mark.skipif(BACKEND != "tensorflow", reason="needs TensorFlow")


class Scaled(layers.Layer):
    """A layer of a user's own, not registered, with a function and a layer among its parts."""

    def __init__(self, units, function=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.function = keras.activations.get(function)
        self.dense = layers.Dense(units)
        self.drop = layers.Dropout(0.5, seed=3)

    def build(self, shape):
        self.dense.build(shape)
        self.scale = self.add_weight(shape=(self.units,), initializer="ones", trainable=False)

    def call(self, inputs, training=False):
        return self.function(self.drop(self.dense(inputs), training=training) * self.scale)

    def get_config(self):
        function = keras.activations.serialize(self.function)
        return super().get_config() | {"units": self.units, "function": function}


def squared(x):
    return x * x


class OwnStep(keras.Model):
    """A functional model of a class of its own."""

    def answer(self):
        return 42


def mlp(name="mlp"):
    stack = [keras.Input((4,)), layers.Dense(4, "relu", name="one"), layers.Dropout(0.5, seed=1)]
    return keras.Sequential([*stack, layers.BatchNormalization(name="bn")], name=name)


def functional():
    """Returns a model with shared layers, a nested one used twice, operations and dicts."""
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    shared = layers.Dense(4, name="shared")
    encoder = mlp("encoder")
    x = shared(shared(a)) + ops.relu(shared(b)) * 2.0
    first, second = ops.split(encoder(x), 2, axis=-1)
    x = layers.Concatenate()([second, ops.concatenate([first, first], axis=-1)])
    x = layers.GaussianNoise(0.1, seed=6)(layers.Dense(4)(x))
    y = encoder(x, training=False)
    outputs = {"z": y, "deep": [layers.Dense(1, name="head")(x), first]}
    return keras.Model({"b": b, "a": a}, outputs, name="outer")


def recurrent():
    inputs = keras.Input((5,), dtype="int32")
    x = layers.Embedding(7, 4, mask_zero=True)(inputs)
    x = layers.TimeDistributed(layers.Dense(3))(x)
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True, dropout=0.2, seed=1))(x)
    state = layers.Dense(4)(x[:, 0])
    x, last = layers.GRU(4, return_sequences=True, return_state=True)(x, initial_state=state)
    x = layers.MultiHeadAttention(2, 3, dropout=0.3, seed=2)(x, x)
    cells = [layers.LSTMCell(3), layers.GRUCell(2, recurrent_dropout=0.2, seed=4)]
    return keras.Model(inputs, [layers.RNN(cells)(x), last])


def custom():
    inputs = keras.Input((4,))
    x = Scaled(4, squared, name="scaled")(inputs)
    x = layers.Lambda(squared)(x)
    model = OwnStep(inputs, layers.Dense(2, kernel_regularizer=kerasreg.regularizers.L2(0.1))(x))
    model.get_layer("scaled").scale.assign([1.0, 2.0, 3.0, 4.0])
    return model


def tied():
    encoder = layers.Dense(3, name="encoder")
    decoder = kerasreg.layers.TiedDense(encoder, name="decoder")
    return keras.Sequential([keras.Input((4,)), encoder, decoder])


def frozen():
    model = functional()
    model.get_layer("encoder").trainable = False
    model.get_layer("encoder").get_layer("bn").trainable = True
    model.get_layer("shared").bias.trainable = False
    return model


def in_the_middle():
    """Returns a model from a tensor in the middle of another, whose graph it shares."""
    whole = keras.Model(inputs := keras.Input((6,)), layers.Dense(2)(layers.Dense(4)(inputs)))
    middle = whole.layers[1].output
    return keras.Model(middle, layers.Dense(3, name="other")(whole.layers[2](middle)))


def shared_generator():
    generator = keras.random.SeedGenerator(5)
    drops = [kerasreg.layers.Dropout(0.5, seed=generator) for _ in range(2)]
    return keras.Sequential([keras.Input((4,)), *drops])


def half():
    policy = "mixed_bfloat16"
    stack = [layers.Dense(4, dtype=policy), layers.LayerNormalization(dtype=policy)]
    return keras.Sequential([keras.Input((4,)), *stack, layers.Dense(1, dtype="float32")])


MAKE = [
    mlp,
    functional,
    recurrent,
    custom,
    tied,
    frozen,
    in_the_middle,
    shared_generator,
    half,
]


def batch(model, seed=0):
    """Returns inputs for a model, in its structure."""
    random = np.random.default_rng(seed)

    def one(tensor):
        shape = (3, *tensor.shape[1:])
        if keras.backend.is_int_dtype(tensor.dtype):
            return random.integers(0, 5, shape)
        return random.normal(size=shape).astype("float32")

    is_list = isinstance(model, keras.Sequential)
    return tree.map_structure(one, model.inputs[0] if is_list else model.input)


def arrays(values):
    flat = [ops.convert_to_numpy(ops.cast(value, "float32")) for value in tree.flatten(values)]
    return [np.asarray(value) for value in flat]


def assert_equal(one, other):
    tree.assert_same_structure(one, other)
    for left, right in zip(arrays(one), arrays(other), strict=True):
        np.testing.assert_array_equal(left, right)


def every_path(model):
    return [path for path, _ in kerasreg._backend.every_layer.layers_by_path(model)]


@pytest.fixture(scope="module", params=MAKE, ids=lambda make: make.__name__)
def pair(request):
    model = request.param()
    random = np.random.default_rng(1)
    for weight in model.weights:
        if not weight.name.endswith("variance"):
            weight.assign(weight + random.normal(size=weight.shape).astype("float32"))
    model(batch(model, 1), training=True)  # seeds and moving statistics are on their way
    return model, edited(model)


class TestCopy:
    def test_has_the_weights_and_seeds(self, pair):
        model, copy = pair
        assert len(model.variables) == len(copy.variables)
        assert_equal([v.value for v in model.variables], [v.value for v in copy.variables])

    def test_shares_no_layer_and_no_variable(self, pair):
        model, copy = pair
        for of in (lambda m: m.variables, kerasreg._backend.every_layer.every_layer):
            assert not {id(each) for each in of(model)} & {id(each) for each in of(copy)}

    def test_has_class_names_and_config(self, pair):
        model, copy = pair
        assert type(copy) is type(model)
        assert every_path(copy) == every_path(model)
        if not isinstance(model, keras.Sequential):
            assert copy.output_names == model.output_names
        config, expected = (json.dumps(m.get_config(), default=str) for m in (copy, model))
        assert config == expected

    def test_has_the_flags_and_penalties(self, pair):
        model, copy = pair
        layers_of = kerasreg._backend.every_layer.every_layer
        flags = [layer.trainable for layer in layers_of(model)]
        assert [layer.trainable for layer in layers_of(copy)] == flags
        assert [v.trainable for v in copy.variables] == [v.trainable for v in model.variables]
        assert_equal(copy.losses, model.losses)

    @pytest.mark.parametrize("training", [False, True])
    def test_computes_the_same(self, pair, training):
        model, copy = pair
        inputs = batch(model, 2)
        assert_equal(copy(inputs, training=training), model(inputs, training=training))
        assert_equal([v.value for v in copy.variables], [v.value for v in model.variables])


class TestKeeps:
    def test_nested_model_used_twice_is_one(self):
        model = functional()
        copy = edited(model)
        assert copy.count_params() == model.count_params()
        before = ops.convert_to_numpy(copy(batch(model))["z"])
        bias = copy.get_layer("encoder").get_layer("one").bias
        bias.assign(bias + 1.0)
        assert not np.allclose(ops.convert_to_numpy(copy(batch(model))["z"]), before)

    def test_shared_generator_is_shared(self):
        copy = edited(shared_generator())
        one, other = (layer.seed_generator for layer in copy.layers)
        assert one is other

    def test_tied_layer_is_tied_to_the_copy(self):
        model = tied()
        copy = edited(model)
        assert copy.layers[1].tied_to is copy.layers[0]

    def test_own_class(self):
        assert edited(custom()).answer() == 42

    def test_penalty_put_on_a_built_weight(self):
        model = mlp()
        model.layers[0].kernel.regularizer = keras.regularizers.L2(0.5)
        copy = edited(model)
        assert len(copy.losses) == 1
        assert_equal(copy.losses, model.losses)

    def test_adapted_normalization(self):
        norm = layers.Normalization()
        norm.adapt(np.arange(12.0).reshape(6, 2))
        model = keras.Sequential([keras.Input((2,)), norm])
        assert_equal(edited(model)(np.ones((1, 2))), model(np.ones((1, 2))))

    @tensorflow_only
    def test_adapted_vocabulary(self):
        lookup = layers.StringLookup()
        lookup.adapt(["yes", "no", "no"])
        words = keras.Input((2,), dtype="string")
        model = keras.Model(words, layers.Embedding(4, 2)(lookup(words)))
        assert edited(model).layers[1].get_vocabulary() == ["[UNK]", "no", "yes"]

    def test_is_not_compiled(self):
        model = mlp()
        model.compile("sgd", "mse")
        assert not edited(model).compiled

    def test_original_is_as_it_was(self):
        model = functional()
        config, weights = json.dumps(model.get_config(), default=str), model.get_weights()
        edited(model).set_weights([np.zeros_like(weight) for weight in weights])
        assert json.dumps(model.get_config(), default=str) == config
        assert_equal(model.get_weights(), weights)

    def test_is_saved_and_loaded(self, tmp_path):
        model = functional()
        copy = edited(model)
        copy.save(tmp_path / "model.keras")
        again = keras.saving.load_model(tmp_path / "model.keras")
        assert_equal(again(batch(model)), model(batch(model)))


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(2)

    def call(self, inputs):
        return self.dense(inputs)


class Backbone(keras.Model):
    """A functional model that makes its own layers."""

    def __init__(self, units, **kwargs):
        inputs = keras.Input((4,))
        super().__init__(inputs, layers.Dense(units, name="inside")(inputs), **kwargs)
        self.units = units

    def get_config(self):
        return {"units": self.units, "name": self.name}


class NoConfig(layers.Layer):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, inputs):
        return self.function(inputs)


class Forgets(layers.Layer):
    """A layer whose weights depend on an attribute that its config leaves out."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.units = 1

    def build(self, shape):
        self.kernel = self.add_weight(shape=(self.units,))

    def call(self, inputs):
        return inputs + self.kernel[0]


def across_levels():
    inputs, shared = keras.Input((4,)), layers.Dense(4, name="shared")
    inner = keras.Model(inputs, shared(inputs), name="inner")
    other = keras.Input((4,))
    return keras.Model(other, shared(inner(other)))


def in_a_wrapper():
    inputs, dense = keras.Input((3, 4)), layers.Dense(4, name="shared")
    return keras.Model(inputs, dense(layers.TimeDistributed(dense, name="each")(inputs)))


def forgetful():
    layer = Forgets(name="forgets")
    layer.units = 3
    return keras.Sequential([keras.Input((4,)), layer])


def subclassed():
    model = Subclassed()
    model(np.ones((1, 2)))
    return model


REFUSED = [
    (across_levels, "`shared` stands in the model itself and in `inner`.*cannot load"),
    (in_a_wrapper, "`shared` stands in the model itself and in `each`"),
    (subclassed, r"functional or sequential.*in_place=True"),
    (lambda: Backbone(3), r"keras\.Model\(model\.inputs, model\.outputs\)"),
    (lambda: keras.Sequential([layers.Dense(2)]), "Call it on a batch first"),
    (forgetful, r"bring back their 1 weights.*\(1,\).*in place of.*\(3,\)"),
    (
        lambda: keras.Sequential([keras.Input((4,)), NoConfig(lambda x: x)]),
        "made again from their configs",
    ),
]


class TestRefuses:
    @pytest.mark.parametrize(("make", "words"), REFUSED, ids=range(len(REFUSED)))
    def test_models_that_cannot_be_edited(self, make, words):
        with pytest.raises(ValueError, match=f"(?s){words}"):
            edited(make())

    def test_weightless_layers_may_stand_in_several_levels(self):
        inputs, shared = keras.Input((4,)), layers.ReLU()
        inner = keras.Model(inputs, shared(inputs))
        model = keras.Model(inputs, layers.Dense(2)(shared(inner(inputs))))
        assert_equal(edited(model)(batch(model)), model(batch(model)))

    def test_model_that_makes_its_layers_is_copied_as_a_layer(self):
        model = keras.Sequential([keras.Input((4,)), Backbone(3), layers.Dense(1)])
        copy = edited(model)
        assert type(copy.layers[0]) is Backbone
        assert_equal(copy(batch(model)), model(batch(model)))
