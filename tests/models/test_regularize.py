import keras
import numpy as np
import pytest
from keras import layers, ops

import kerasreg
from kerasreg.models import Constrain, Penalize, PenalizeActivity, penalty_report, with_sam
from kerasreg.regularizers import L1, L2, L2SP, Folded, GroupLasso, SoftSharing, Sum

KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel", "recurrent_kernel", "embeddings")
CUSTOM = {}


def custom(cls):
    """Notes a class that `load_model` has to be given."""
    CUSTOM[cls.__name__] = cls
    return cls


@custom
class Block(layers.Layer):
    """A custom layer that makes its layers by itself, without arguments for penalties."""

    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.dense = layers.Dense(units, name="dense")

    def build(self, input_shape):
        self.dense.build(input_shape)

    def call(self, inputs):
        return self.dense(inputs)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@custom
class HandsOn(layers.Layer):
    """A custom layer that hands its argument on to its layers, or to the first one only."""

    def __init__(self, kernel_regularizer=None, to_all=True, **kwargs):
        super().__init__(**kwargs)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.to_all = to_all
        second = self.kernel_regularizer if to_all else None
        self.first = layers.Dense(3, kernel_regularizer=self.kernel_regularizer, name="first")
        self.second = layers.Dense(3, kernel_regularizer=second, name="second")

    def build(self, input_shape):
        self.first.build(input_shape)
        self.second.build((*input_shape[:-1], 3))

    def call(self, inputs):
        return self.second(self.first(inputs))

    def get_config(self):
        penalty = keras.regularizers.serialize(self.kernel_regularizer)
        return {**super().get_config(), "kernel_regularizer": penalty, "to_all": self.to_all}


@custom
class Matrix(layers.Layer):
    """A custom layer with a kernel of its own and no argument for it."""

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], 2), name="kernel")

    def call(self, inputs):
        return inputs @ self.kernel


@custom
class Subclassed(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(2, name="dense")
        self.scale = self.add_weight(shape=(2,), initializer="ones", name="scale")

    def call(self, inputs):
        return self.dense(inputs) * self.scale


def chain(*parts, shape=(4,), dtype=None):
    return keras.Sequential([keras.Input(shape, dtype=dtype), *parts], name="chain")


def mlp():
    dense = layers.Dense(3, name="dense")
    return chain(dense, layers.BatchNormalization(name="bn"), layers.Dense(2, name="head"))


def attention(kind, *arguments):
    inputs = keras.Input((4, 6))
    layer = kind(*arguments, name="attention")
    return keras.Model(inputs, layer(inputs, inputs))


def tied():
    inputs = keras.Input((4,))
    dense = layers.Dense(3, name="dense")
    return keras.Model(inputs, kerasreg.layers.TiedDense(dense)(dense(inputs)))


def nested():
    """Returns a functional model with a nested one that is used twice, and a shared layer."""
    inputs = keras.Input((4,))
    bottom = layers.Dense(5, activation="relu", name="bottom")
    inner = keras.Sequential([keras.Input((4,)), bottom, layers.Dense(4, name="top")], name="inner")
    shared = layers.Dense(4, name="shared")
    x = inner(shared(inner(inputs)))
    return keras.Model(inputs, layers.Dense(1, name="head")(shared(x)), name="outer")


def convolutions():
    parts = [
        layers.Conv2D(3, 2),
        layers.DepthwiseConv2D(2),
        layers.SeparableConv2D(3, 2),
        layers.Conv2DTranspose(2, 2),
        kerasreg.layers.WeightStandardization(layers.Conv2D(2, 1), name="standardized"),
    ]
    return chain(*parts, shape=(6, 5, 2))


def recurrent():
    parts = [
        layers.LSTM(3, return_sequences=True),
        layers.GRU(2, return_sequences=True),
        layers.Bidirectional(layers.SimpleRNN(2, return_sequences=True)),
        layers.RNN([layers.LSTMCell(2), layers.GRUCell(2)], return_sequences=True),
        layers.TimeDistributed(layers.Dense(3)),
        kerasreg.layers.DropConnect(layers.LSTM(2), 0.5),
    ]
    return chain(*parts, shape=(3, 2))


def wrapped():
    parts = [
        layers.EinsumDense("ab,bc->ac", (5,)),
        kerasreg.layers.WeightNormalization(layers.Dense(3)),
        kerasreg.layers.ConcreteDropout(layers.Dense(3)),
        layers.SpectralNormalization(layers.Dense(2)),
        kerasreg.layers.FilterResponseNormalization(),
        layers.PReLU(),
    ]
    return chain(*parts)


MODELS = {
    "sequential": mlp,
    "nested": nested,
    "tied": tied,
    "convolutions": convolutions,
    "recurrent": recurrent,
    "wrapped": wrapped,
    "embedding": lambda: chain(layers.Embedding(5, 3), shape=(2,), dtype="int32"),
    "conv_lstm": lambda: chain(layers.ConvLSTM1D(2, 2), shape=(2, 4, 1)),
    "attention": lambda: attention(layers.MultiHeadAttention, 2, 3),
    "grouped attention": lambda: attention(layers.GroupQueryAttention, 3, 4, 2),
    "handed on": lambda: chain(HandsOn(name="block"), shape=(3,)),
}


def inputs_of(model):
    shape = (2, *model.inputs[0].shape[1:])
    if model.inputs[0].dtype == "int32":
        return np.ones(shape, "int32")
    return np.random.default_rng(0).standard_normal(shape).astype("float32")


def by_hand(model, strength, names=KERNELS):
    """Returns `strength` times the sum of squares of weights with these names, in float64."""
    arrays = [ops.convert_to_numpy(w) for w in model.trainable_weights if w.name in names]
    return strength * sum(np.sum(np.square(array.astype("float64"))) for array in arrays)


def penalty(model):
    return sum(float(ops.convert_to_numpy(loss)) for loss in model.losses)


def reloaded(model, tmp_path):
    model.save(tmp_path / "model.keras")
    return keras.saving.load_model(tmp_path / "model.keras", custom_objects=CUSTOM)


def penalized(model):
    return {row.path for row in penalty_report(model, show=False).rows}


def quiet(model, rules, **arguments):
    return kerasreg.regularize(model, rules, show=False, **arguments)


@pytest.mark.parametrize("name", MODELS)
def test_every_kind_of_kernel_has_the_penalty_and_keeps_it(name, tmp_path):
    model = MODELS[name]()
    of_the_model = penalty(model)
    new = quiet(model, L2(0.5))
    expected = of_the_model + by_hand(model, 0.5)
    assert expected > of_the_model
    assert penalty(new) == pytest.approx(expected, rel=1e-6)
    assert penalty(reloaded(new, tmp_path)) == pytest.approx(expected, rel=1e-6)
    assert penalty(model) == of_the_model
    for old, weight in zip(model.variables, new.variables, strict=True):
        assert weight is not old
        np.testing.assert_array_equal(*map(ops.convert_to_numpy, (old.value, weight.value)))
    x = inputs_of(model)
    outputs = [ops.convert_to_numpy(each(x, training=False)) for each in (model, new)]
    np.testing.assert_array_equal(*outputs)


def test_a_wrapper_that_shares_the_kernel_of_its_layer(tmp_path):
    new = quiet(MODELS["wrapped"](), Penalize(L2(0.5), "spectral*/dense*"))
    kernel = new.layers[3].layer.kernel
    assert kernel.regularizer is new.layers[3].layer.kernel_regularizer
    own = {row.path for row in penalty_report(new, show=False).rows if row.penalty == "L2"}
    again = penalty_report(reloaded(new, tmp_path), show=False)
    assert {row.path for row in again.rows if row.penalty == "L2"} == own
    assert len(own) == 1


def test_a_model_in_a_wrapper(tmp_path):
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3)], name="inner")
    new = quiet(chain(kerasreg.layers.DropConnect(inner, 0.5)), L2(0.5))
    assert penalty(reloaded(new, tmp_path)) == pytest.approx(by_hand(new, 0.5), rel=1e-6)


@pytest.mark.parametrize("name", ["sequential", "nested", "attention", "recurrent"])
def test_clones_and_configs_keep_it(name):
    new = quiet(MODELS[name](), L2(0.5))
    for again in (keras.models.clone_model(new), type(new).from_config(new.get_config())):
        assert penalized(again) == penalized(new)
        assert penalty(again) == pytest.approx(by_hand(again, 0.5), rel=1e-6)


@pytest.mark.parametrize("make", [mlp, nested])
def test_fit_trains_with_it(make):
    new = quiet(make(), L2(0.5))
    x = inputs_of(new)
    # Without a data loss, a step of gradient descent takes lr * 2 * strength of each kernel.
    new.compile(keras.optimizers.SGD(0.25), loss=lambda y, out: 0.0 * ops.sum(out))
    kernels = [w for w in new.trainable_weights if w.name == "kernel"]
    before = [ops.convert_to_numpy(w.value) for w in kernels]
    expected = by_hand(new, 0.5)
    history = new.fit(x, np.zeros((2, 1)), verbose=0).history
    assert history["loss"][0] == pytest.approx(expected, rel=1e-5)
    for weight, old in zip(kernels, before, strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(weight.value), 0.75 * old, rtol=1e-5)


def test_what_is_shared_counts_once_and_stays_shared():
    new = quiet(nested(), L2(0.5))
    assert len(new.losses) == 4
    paths = {"inner/bottom/kernel", "inner/top/kernel", "shared/kernel", "head/kernel"}
    assert penalized(new) == paths
    assert len(quiet(tied(), "l2").losses) == 1


def test_it_is_exported_twice():
    assert kerasreg.regularize is kerasreg.models.regularize


def test_biases_and_normalization_are_left_out_unless_named():
    new = quiet(mlp(), "l2")
    assert penalized(new) == {"dense/kernel", "head/kernel"}
    assert new.layers[0].kernel_regularizer.l2 == 0.01
    rules = [L1(0.1), Penalize(L2(0.1), weights=["bias", "gamma"])]
    paths = {"dense/kernel", "dense/bias", "bn/gamma", "head/kernel", "head/bias"}
    assert penalized(quiet(mlp(), rules)) == paths


def test_plain_assignment_does_nothing_where_this_does():
    model = mlp()
    model.layers[0].kernel_regularizer = L2(0.5)
    assert model.losses == []
    assert len(quiet(mlp(), Penalize(L2(0.5), "dense")).losses) == 1


def test_rules_for_one_weight_add_up(tmp_path):
    new = quiet(mlp(), [L2(0.5), Penalize(L1(0.25), "head")])
    kernel = ops.convert_to_numpy(new.get_layer("head").kernel.value).astype("float64")
    expected = by_hand(new, 0.5) + 0.25 * np.sum(np.abs(kernel))
    assert penalty(new) == pytest.approx(expected, rel=1e-6)
    assert penalty(reloaded(new, tmp_path)) == pytest.approx(expected, rel=1e-6)
    both = quiet(attention(layers.MultiHeadAttention, 2, 3), [L2(0.5), L1(0.25)])
    assert isinstance(both.layers[-1].query_dense.kernel.regularizer, Sum)
    assert len(reloaded(both, tmp_path).losses) == 4


def test_what_the_model_has_already():
    model = quiet(mlp(), Penalize(L1(0.25), "dense"))
    with pytest.raises(ValueError, match=r"`existing`.*'add' or 'replace'.*L1.*'dense/kernel'"):
        quiet(model, L2(0.5))
    one, _ = quiet(model, L2(0.5), existing="add").losses
    kernel = ops.convert_to_numpy(model.layers[0].kernel.value).astype("float64")
    both = 0.25 * np.sum(np.abs(kernel)) + 0.5 * np.sum(np.square(kernel))
    assert float(one) == pytest.approx(both, rel=1e-6)
    replaced = quiet(model, L2(0.5), existing="replace")
    assert penalty(replaced) == pytest.approx(by_hand(model, 0.5), rel=1e-6)
    assert len(quiet(model, Penalize(L2(0.5), "head")).losses) == 2


def test_a_function_cannot_be_added_to():
    own = layers.Dense(2, kernel_regularizer=function, name="dense")
    with pytest.raises(ValueError, match=r"'replace' for 'dense/kernel'.* is a function"):
        quiet(chain(own), "l2", existing="add")
    assert isinstance(quiet(chain(own), "l2", existing="replace").layers[0].kernel.regularizer, L2)


def test_constraints(tmp_path):
    attended = quiet(attention(layers.MultiHeadAttention, 2, 3), Constrain("non_neg"))
    kind = keras.constraints.NonNeg
    for model in (attended, reloaded(attended, tmp_path)):
        assert [type(w.constraint) for w in model.weights if w.name == "kernel"] == [kind] * 4
        assert model.losses == []
    once = [Constrain("non_neg"), Constrain("unit_norm", "head")]
    with pytest.raises(ValueError, match="one constraint for each weight: 'head/kernel'"):
        quiet(mlp(), once)
    model = quiet(mlp(), once[0])
    with pytest.raises(ValueError, match="constraints do not add up"):
        quiet(model, once[1], existing="add")
    new = quiet(model, once[1], existing="replace")
    assert isinstance(new.get_layer("head").kernel.constraint, keras.constraints.UnitNorm)
    assert isinstance(new.layers[0].kernel.constraint, kind)


def test_folded_penalties_train_the_same_and_are_not_in_the_loss(tmp_path):
    new = quiet(mlp(), [L2(0.5), Penalize(L1(0.25), "head")], fold=True)
    assert isinstance(new.layers[0].kernel.regularizer, Folded)
    assert isinstance(new.get_layer("head").kernel.regularizer.penalty, Sum)
    assert penalty(new) == 0
    report = penalty_report(reloaded(new, tmp_path), show=False)
    kernel = ops.convert_to_numpy(new.get_layer("head").kernel.value).astype("float64")
    expected = by_hand(new, 0.5) + 0.25 * np.sum(np.abs(kernel))
    assert report.total == pytest.approx(expected, rel=1e-6)
    more = quiet(new, L2(0.5), fold=True, existing="add").layers[0].kernel.regularizer
    assert [part.l2 for part in more.penalty.penalties] == [0.5, 0.5]
    attended = quiet(attention(layers.MultiHeadAttention, 2, 3), "l2", fold=True)
    regularizers = {id(w.regularizer) for w in attended.weights if w.name == "kernel"}
    assert len(regularizers) == 1


def test_frozen_layers_keep_the_penalty_for_when_they_train():
    model = mlp()
    model.layers[0].trainable = False
    new = quiet(model, L2(0.5))
    assert len(new.losses) == 1
    new.layers[0].trainable = True
    assert penalty(new) == pytest.approx(by_hand(new, 0.5), rel=1e-6)


def test_half_precision():
    dense = layers.Dense(2, dtype="mixed_float16", kernel_initializer="ones")
    new = quiet(chain(dense), L2(0.5))
    assert penalty(new) == 4.0
    assert new.layers[0].dtype_policy.name == "mixed_float16"


def test_penalties_that_depend_on_the_weight(tmp_path):
    new = quiet(mlp(), Penalize(lambda weight: L2SP(0.5, weight)))
    assert penalty(new) == 0
    kernel = new.layers[0].kernel
    kernel.assign(kernel.value + 1.0)
    assert penalty(new) == pytest.approx(6.0, rel=1e-6)
    assert penalty(reloaded(new, tmp_path)) == pytest.approx(6.0, rel=1e-6)


@pytest.mark.parametrize("of", [lambda layer: layer, lambda layer: layer.kernel])
@pytest.mark.parametrize("wrapped", [lambda penalty: penalty, lambda p: Sum(p, L1(0.0))])
def test_a_penalty_that_refers_to_the_model_refers_to_the_new_one(of, wrapped):
    model = chain(layers.Dense(4, name="one"), layers.Dense(4, name="two"))
    shared = SoftSharing(of(model.layers[0]), 1.0)
    new = quiet(model, Penalize(wrapped(shared), "two"))
    one, two = (layer.kernel for layer in new.layers)
    two.assign(one.value + 1.0)
    assert penalty(new) == pytest.approx(16.0, rel=1e-6)
    assert shared.reference is of(model.layers[0])


@pytest.mark.parametrize(
    ("model", "where"),
    [
        (lambda: chain(Block(name="block")), "block/dense"),
        (lambda: chain(Matrix(name="block")), "block"),
        (lambda: chain(HandsOn(to_all=False, name="block")), "block/second"),
        (lambda: chain(kerasreg.layers.DropConnect(Block(), 0.1, name="block")), "block/block"),
    ],
    ids=["makes its layers", "kernel without argument", "hands on to some", "in a wrapper"],
)
def test_what_a_saved_model_would_lose_is_refused(model, where, capsys):
    model = model()
    if model.layers[0].name == "block" and where == "block/block":
        where = f"block/{model.layers[0].layer.name}"
    with pytest.raises(ValueError, match=rf"`rules`.*a saved model keeps.*'{where}.*in_place"):
        kerasreg.regularize(model, "l2")
    assert penalized(model) == set()
    assert capsys.readouterr().out == ""
    kerasreg.regularize(model, "l2", in_place=True)
    assert len(model.losses) >= 1
    assert "saved" in (printed := capsys.readouterr().out)
    assert "no" in printed


def test_attention_has_one_argument_for_its_kernels(tmp_path):
    model = attention(layers.MultiHeadAttention, 2, 3)
    rules = Penalize(L2(0.5), "attention/query")
    with pytest.raises(ValueError, match="'attention/query/kernel' would lose"):
        quiet(model, rules)
    # Two equal rules for two halves are one penalty each, and come back as one for all.
    halves = [Penalize(rules.penalty, where) for where in ("attention/[qk]*", "attention/[av]*")]
    assert len(reloaded(quiet(model, halves), tmp_path).losses) == 4


def test_in_place(tmp_path):
    model = nested()
    assert quiet(model, L2(0.5), in_place=True) is model
    assert penalty(model) == pytest.approx(by_hand(model, 0.5), rel=1e-6)
    assert penalty(reloaded(model, tmp_path)) == pytest.approx(by_hand(model, 0.5), rel=1e-6)


def test_in_place_on_a_model_that_has_been_trained():
    model = mlp()
    x, y = np.ones((2, 4), "float32"), np.zeros((2, 2), "float32")
    model.compile(keras.optimizers.SGD(0.0), loss=lambda y, out: 0.0 * ops.sum(out))
    assert model.fit(x, y, verbose=0).history["loss"] == [0.0]
    assert model.evaluate(x, y, verbose=0) == 0.0
    quiet(model, L2(0.5), in_place=True)
    expected = pytest.approx(by_hand(model, 0.5), rel=1e-5)
    assert model.fit(x, y, verbose=0).history["loss"] == [expected]
    assert model.evaluate(x, y, verbose=0) == expected


def test_subclassed_models_are_changed_in_place_only(capsys):
    model = Subclassed()
    model(np.ones((1, 3), "float32"))
    with pytest.raises(ValueError, match=r"`model`.*subclassed.*in_place=True.*'subclassed"):
        quiet(model, "l2")
    kerasreg.regularize(model, [L2(0.5), Penalize(L2(0.25), weights="scale")], in_place=True)
    assert penalty(model) == pytest.approx(by_hand(model, 0.5) + 0.5, rel=1e-6)
    assert "no" in capsys.readouterr().out


def test_a_model_in_a_wrapper_of_kerasreg_is_saved_with_it(tmp_path, capsys):
    model = with_sam(mlp())
    with pytest.raises(ValueError, match="Regularize its `model` first and wrap the result"):
        quiet(model, L2(0.5))
    kerasreg.regularize(model, [L2(0.5), PenalizeActivity("l1", "head")], in_place=True)
    assert "saved" not in capsys.readouterr().out
    loaded = reloaded(model, tmp_path)
    assert penalty(loaded) == pytest.approx(by_hand(model, 0.5), rel=1e-6)
    assert loaded.model.get_layer("head").activity_regularizer is not None


def test_the_table(capsys):
    rules = [L2(0.5), Penalize(L1(0.25), "head", weights="bias"), Constrain("non_neg", "dense")]
    kerasreg.regularize(mlp(), rules)
    lines = [line.split("│") for line in capsys.readouterr().out.splitlines() if "│" in line]
    rows = [[cell.strip() for cell in line[1:-1]] for line in lines]
    assert rows == [
        ["L2(l2=0.5)", "Dense kernel", "2", "dense/kernel"],
        ["L1(l1=0.25)", "Dense bias", "1", "head/bias"],
        ["NonNeg()", "Dense kernel", "1", "dense/kernel"],
    ]
    model = quiet(mlp(), "l1")
    capsys.readouterr()
    kerasreg.regularize(model, "l2", existing="replace", fold=True)
    printed = " ".join(capsys.readouterr().out.split())
    assert "regularize (folded): chain" in printed
    assert "in place of" in printed
    kerasreg.regularize(chain(layers.Dense(1, name="dense[b]")), "l1")
    assert "dense[b]/kernel" in capsys.readouterr().out
    quiet(mlp(), "l1")
    assert capsys.readouterr().out == ""


class NoConfig(keras.regularizers.Regularizer):
    def __call__(self, x):
        return ops.sum(x)


def function(weight):
    return ops.sum(weight)


REFUSED = [
    # model
    (lambda: "model", "l2", {}, TypeError, "model", "a Keras model"),
    (lambda: layers.Dense(1), "l2", {}, TypeError, "model", "a Keras model"),
    (lambda: keras.Sequential([layers.Dense(1)]), "l2", {}, ValueError, "model", "Call it on a"),
    (lambda: chain(layers.ReLU()), "l2", {}, ValueError, "model", "trainable weights"),
    (lambda: chain(layers.PReLU()), "l2", {}, ValueError, "weights", "no kernel but 'alpha'"),
    # rules
    (mlp, [], {}, ValueError, "rules", "one rule or more"),
    (mlp, None, {}, TypeError, "rules", "a rule such as"),
    (mlp, 1e-4, {}, TypeError, "rules", "a regularizer, 'l1' or 'l2'"),
    (mlp, {"dense": "l2"}, {}, TypeError, "rules", "a regularizer"),
    (mlp, ["l2", 3], {}, TypeError, "rules", "a regularizer"),
    (mlp, L2, {}, TypeError, "rules", r"Make one: L2\(...\)"),
    (mlp, Penalize, {}, TypeError, "rules", r"Make one: Penalize"),
    (mlp, function, {}, TypeError, "rules", "goes into a `Penalize`"),
    (mlp, keras.constraints.NonNeg(), {}, TypeError, "rules", "goes into a .*Constrain"),
    (mlp, "l3", {}, ValueError, "penalty", "one of 'l1', 'l2'"),
    (mlp, NoConfig(), {}, ValueError, "penalty", "what can be saved"),
    # what the rules mean
    (mlp, Penalize("l2", "dense_7"), {}, ValueError, "where", "'dense'"),
    (mlp, Penalize("l2", layers.Conv2D), {}, ValueError, "where", "'dense', 'head'"),
    (mlp, Penalize("l2", "bn"), {}, ValueError, "where", "'dense', 'head'"),
    (mlp, Penalize("l2", weights="kernels"), {}, ValueError, "weights", "'kernel'"),
    (mlp, Penalize("l2", rank=4), {}, ValueError, "rank", r"of which are \[2\]"),
    (mlp, Penalize(GroupLasso(0.1, axis=-3)), {}, ValueError, "penalty", "'dense/kernel'.*axis"),
    (mlp, Penalize(L2SP(0.1, [1.0])), {}, ValueError, "penalty", r"the shape \(4, 3\)"),
    (mlp, Penalize(function), {}, TypeError, "penalty", "a regularizer"),
    (mlp, Penalize(lambda weight: function), {}, TypeError, "penalty", "make it a subclass"),
    (mlp, PenalizeActivity("l1", "haed"), {}, ValueError, "where", "'head'"),
    # flags
    (mlp, "l2", {"in_place": 1}, TypeError, "in_place", "True or False"),
    (mlp, "l2", {"fold": "yes"}, TypeError, "fold", "True or False"),
    (mlp, "l2", {"show": None}, TypeError, "show", "True or False"),
    (mlp, "l2", {"existing": "sum"}, ValueError, "existing", "'refuse', 'add', 'replace'"),
]


@pytest.mark.parametrize(("make", "rules", "arguments", "error", "name", "says"), REFUSED)
def test_refused(make, rules, arguments, error, name, says):
    model = make()
    with pytest.raises(error, match=rf"argument `{name}`\. Expected .*{says}") as raised:
        kerasreg.regularize(model, rules, **arguments)
    assert "Received: " in str(raised.value)
    if isinstance(model, keras.Model):
        assert not model.built or penalized(model) == set()
