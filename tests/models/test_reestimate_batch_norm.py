import keras
import numpy as np
import pytest
from keras import layers, ops

import kerasreg
from kerasreg.models import freeze_batch_norm, reestimate_batch_norm

RNG = np.random.default_rng(0)
X = RNG.normal([1.0, -2.0, 300.0, 0.0], [1.0, 2.0, 0.5, 3.0], size=(23, 4)).astype("float32")
BOTH = pytest.mark.parametrize(
    "cls", [layers.BatchNormalization, kerasreg.layers.BatchNormalization], ids=["keras", "ours"]
)
ON_TENSORFLOW = keras.backend.backend() == "tensorflow"


def chain(*parts, shape=(4,)):
    return keras.Sequential([keras.Input(shape), *parts])


def state(model):
    return [
        ops.convert_to_numpy(variable.value)
        for variable in [*model.variables, *model.metrics_variables]
    ]


def assert_statistics(layer, mean, variance, rtol=1e-5):
    np.testing.assert_allclose(layer.moving_mean.numpy(), mean, rtol=rtol, atol=1e-4)
    np.testing.assert_allclose(layer.moving_variance.numpy(), variance, rtol=rtol, atol=1e-5)


def batches(x, size):
    return [x[start : start + size] for start in range(0, len(x), size)]


@BOTH
def test_one_layer_gets_the_moments_of_all_values_whatever_the_batches(cls):
    norm = cls(name="norm", momentum=0.3)
    model = chain(norm)
    x = X.astype("float64")
    # Batches of 10, 10 and 3: an average of batches, or one without the spread of their means,
    # would be off.
    assert reestimate_batch_norm(model, X, batch_size=10) == {"norm": 23}
    assert_statistics(norm, x.mean(0), x.var(0))
    assert reestimate_batch_norm(model, iter(batches(X, 10)), steps=2) == {"norm": 20}
    assert_statistics(norm, x[:20].mean(0), x[:20].var(0))
    assert reestimate_batch_norm(model, X[:1]) == {"norm": 1}
    assert_statistics(norm, x[0], 0)


def normalized(x, gamma=1.0, beta=0.0):
    return gamma * (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3) + beta


@BOTH
def test_layers_in_depth_see_what_they_see_in_training(cls):
    first, dense, second = cls(name="first"), layers.Dense(3, "relu"), cls(name="second")
    inner = chain(dense, second, shape=(4,))
    model = chain(first, inner)
    first.gamma.assign([1.0, 2.0, 3.0, 4.0])
    first.beta.assign([0.5, 0.0, -0.5, 1.0])
    # What is in the moving statistics before must not matter.
    first.moving_mean.assign([9.0, 9.0, 9.0, 9.0])
    kernel, bias = (value.astype("float64") for value in dense.get_weights())
    seen = []
    for batch in batches(X.astype("float64"), 8):
        y = normalized(batch, np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.5, 0.0, -0.5, 1.0]))
        seen.append(np.maximum(y @ kernel + bias, 0))
    assert set(reestimate_batch_norm(model, X, batch_size=8)) == {"first", f"{inner.name}/second"}
    assert_statistics(first, X.astype("float64").mean(0), X.astype("float64").var(0))
    assert_statistics(second, np.concatenate(seen).mean(0), np.concatenate(seen).var(0), 1e-4)


@BOTH
def test_images_with_channels_first(cls):
    norm = cls(axis=1, name="norm")
    x = RNG.normal(2.0, 3.0, size=(5, 2, 3, 4)).astype("float32")
    assert reestimate_batch_norm(chain(norm, shape=(2, 3, 4)), x, batch_size=2) == {"norm": 60}
    assert_statistics(norm, x.mean((0, 2, 3)), x.var((0, 2, 3)))


@BOTH
def test_masked_steps_do_not_count(cls):
    norm = cls(name="norm")
    model = chain(layers.Masking(), norm, shape=(6, 4))
    x = RNG.normal(5.0, 2.0, size=(7, 6, 4)).astype("float32")
    lengths = [6, 0, 3, 1, 2, 6, 4]
    for row, length in zip(x, lengths, strict=True):
        row[length:] = 0
    kept = np.concatenate([row[:length] for row, length in zip(x, lengths, strict=True)])
    assert reestimate_batch_norm(model, x, batch_size=2) == {"norm": 22}
    assert_statistics(norm, kept.mean(0), kept.var(0))
    before = state(model)
    assert reestimate_batch_norm(model, np.zeros_like(x)) == {}
    for one, other in zip(before, state(model), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_unbiased_variance_is_that_of_all_values():
    norm = kerasreg.layers.BatchNormalization(unbiased_variance=True)
    reestimate_batch_norm(chain(norm), X, batch_size=5)
    assert_statistics(norm, X.astype("float64").mean(0), X.astype("float64").var(0, ddof=1))


@BOTH
def test_renormalization_has_its_statistics_set_too(cls):
    norm = cls(renorm=True)
    behind = cls()
    reestimate_batch_norm(chain(norm, behind), X, batch_size=8)
    x = X.astype("float64")
    assert_statistics(norm, x.mean(0), x.var(0))
    stddev = np.sqrt(x.var(0) + 1e-3)
    np.testing.assert_allclose(norm.renorm_mean.numpy(), x.mean(0), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(norm.renorm_stddev.numpy(), stddev, rtol=1e-5)
    np.testing.assert_allclose(norm.moving_stddev.numpy(), stddev, rtol=1e-5)
    y = np.concatenate([normalized(batch) for batch in batches(x, 8)])
    assert_statistics(behind, y.mean(0), y.var(0), 1e-4)


def pairs():
    return [(batch, np.zeros(len(batch))) for batch in batches(X, 8)]


class Batches(keras.utils.PyDataset):
    """The same batches, with an end or without."""

    def __init__(self, length):
        super().__init__()
        self._length = length

    @property
    def num_batches(self):
        return self._length

    def __getitem__(self, index):
        return pairs()[index % 3]


def dataset():
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices((X, X[:, 0])).batch(8)


def endless():
    while True:
        yield from pairs()


KINDS = {
    "array": lambda: X,
    "tensor": lambda: ops.convert_to_tensor(X),
    "batches": lambda: iter(batches(X, 8)),
    "pairs": pairs,
    "generator": lambda: iter(pairs()),
    "sequence": lambda: Batches(3),
    "dataset": dataset,
}
NAMES = [name for name in KINDS if name != "dataset" or ON_TENSORFLOW]


@pytest.mark.parametrize("kind", NAMES)
def test_kinds_of_data(kind):
    norm = layers.BatchNormalization(name="norm")
    assert reestimate_batch_norm(chain(norm), KINDS[kind](), batch_size=8) == {"norm": 23}
    assert_statistics(norm, X.astype("float64").mean(0), X.astype("float64").var(0))


def test_an_empty_batch_adds_nothing():
    norm = layers.BatchNormalization(name="norm")
    data = [(batch, None) for batch in (X[:8], X[:0], X[8:])]
    assert reestimate_batch_norm(chain(norm), data) == {"norm": 23}
    assert_statistics(norm, X.astype("float64").mean(0), X.astype("float64").var(0))


def test_data_without_an_end_need_steps():
    norm = layers.BatchNormalization(name="norm")
    model = chain(norm)
    source = endless()
    assert reestimate_batch_norm(model, source, 2) == {"norm": 16}
    assert len(next(source)[0]) == 7  # two batches were taken, and no more
    assert reestimate_batch_norm(model, Batches(None), 3) == {"norm": 23}
    data = [Batches(None)] + ([dataset().repeat()] if ON_TENSORFLOW else [])
    for each in data:
        with pytest.raises(ValueError, match=r"`steps`\. Expected an integer, as the data have no"):
            reestimate_batch_norm(model, each)


class Branching(keras.Model):
    """Two inputs, a part that is always as at inference, one that is never called, a counter."""

    def __init__(self):
        super().__init__()
        self.dropout = layers.Dropout(0.5)
        self.norm = layers.BatchNormalization(name="norm")
        self.held = layers.BatchNormalization(name="held")
        self.unused = layers.BatchNormalization(name="unused")
        self.frozen = layers.BatchNormalization(name="frozen", trainable=False)
        self.calls = self.add_weight(shape=(), trainable=False, initializer="zeros", name="calls")

    def build(self, shape):
        self.unused.build(shape["a"])
        super().build(shape)

    def call(self, inputs, training=False):
        self.calls.assign_add(1.0)
        x = self.dropout(inputs["a"]) + inputs["b"]
        if training:
            x = x * 1e6
        x = self.held(x, training=False)
        # Keras hands the last `training` on to the layers that follow.
        return self.norm(self.frozen(x, training=training), training=training)


def test_dropout_is_off_and_what_is_held_or_frozen_stays_as_it_is():
    model = Branching()
    inputs = {"a": X, "b": 2 * X}
    model(inputs)
    for layer in (model.held, model.frozen):
        layer.moving_mean.assign([1.0, 2.0, 3.0, 4.0])
        layer.moving_variance.assign([4.0, 4.0, 4.0, 4.0])
    expected = 3 * X.astype("float64")
    for _ in range(2):
        expected = (expected - [1.0, 2.0, 3.0, 4.0]) / np.sqrt(4.001)
    before = state(model)
    assert reestimate_batch_norm(model, inputs, batch_size=8) == {"norm": 23}
    assert_statistics(model.norm, expected.mean(0), expected.var(0))
    ids = [id(model.norm.moving_mean), id(model.norm.moving_variance)]
    for one, other, variable in zip(before, state(model), model.variables, strict=True):
        assert np.array_equal(one, other) is (id(variable) not in ids)


class WithoutTraining(keras.Model):
    """Its `call` knows nothing of training."""

    def __init__(self):
        super().__init__()
        self.norm = layers.BatchNormalization(name="norm")

    def call(self, inputs):
        return self.norm(inputs)


def test_a_model_that_takes_no_training_argument():
    model = WithoutTraining()
    model(X)
    assert reestimate_batch_norm(model, X) == {"norm": 23}
    assert_statistics(model.norm, X.astype("float64").mean(0), X.astype("float64").var(0))


def test_a_layer_that_is_called_more_than_once_has_the_values_of_all_calls():
    norm = layers.BatchNormalization(name="norm")
    inputs = keras.Input((4,))
    model = keras.Model(inputs, norm(inputs) + norm(inputs * 3.0))
    assert reestimate_batch_norm(model, X, batch_size=9) == {"norm": 46}
    x = np.concatenate([X, 3 * X]).astype("float64")
    assert_statistics(norm, x.mean(0), x.var(0))
    steps = chain(layers.TimeDistributed(norm), shape=(3, 4))
    x = RNG.normal(size=(5, 3, 4)).astype("float32")
    assert list(reestimate_batch_norm(steps, x).values()) == [15]
    assert_statistics(norm, x.mean((0, 1)), x.var((0, 1)))


def test_each_step_of_sequences_of_many_lengths_counts():
    norm = layers.BatchNormalization(name="norm")
    model = chain(layers.TimeDistributed(norm, name="steps"), shape=(None, 4))
    x = RNG.normal(size=(5, 3, 4)).astype("float32")
    data = [(x[:, :length], None) for length in (3, 2, 1, 3)]
    assert reestimate_batch_norm(model, data) == {"steps/norm": 45}
    values = np.concatenate([each.reshape(-1, 4) for each, _ in data]).astype("float64")
    assert_statistics(norm, values.mean(0), values.var(0))


@pytest.mark.skipif(not ON_TENSORFLOW, reason="Other backends know the length while they trace.")
def test_a_number_of_steps_that_the_graph_computes_is_refused():
    import tensorflow as tf

    cut = layers.Lambda(
        lambda x: tf.boolean_mask(x, tf.reduce_sum(x[0], -1) > 0, axis=1), output_shape=(None, 4)
    )
    steps = layers.TimeDistributed(layers.BatchNormalization(), name="steps")
    model = chain(cut, steps, shape=(None, 4))
    x = RNG.normal(size=(5, 3, 4)).astype("float32")
    with pytest.raises(ValueError, match=r"`model`.*'steps' has one.* \(reestimate_batch_norm\)"):
        reestimate_batch_norm(model, x)


def test_layers_that_are_rematerialized():
    with keras.RematScope("full"):
        norm, dense = layers.BatchNormalization(name="norm"), layers.Dense(2)
        inner = chain(norm)
    model = chain(inner, dense)
    assert list(reestimate_batch_norm(model, X, batch_size=8).values()) == [23]
    assert_statistics(norm, X.astype("float64").mean(0), X.astype("float64").var(0))
    assert norm._remat_mode is not None


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_change_nothing(bad):
    model = chain(layers.BatchNormalization(name="first"), layers.BatchNormalization(name="second"))
    before = state(model)
    x = X.copy()
    x[3, 1] = bad
    with pytest.raises(ValueError, match=r"`data`.*infinity in first' \(reestimate_batch_norm\)"):
        reestimate_batch_norm(model, x, batch_size=8)
    for one, other in zip(before, state(model), strict=True):
        np.testing.assert_array_equal(one, other)


def test_half_precision():
    norm = kerasreg.layers.BatchNormalization(dtype="mixed_float16")
    x = RNG.normal(500.0, 100.0, size=(64, 4)).astype("float32")
    reestimate_batch_norm(chain(norm), x, batch_size=16)
    assert norm.moving_mean.dtype == "float32"
    # A sum of squares would be infinite in float16, whose inputs are rounded to 1/2.
    assert_statistics(norm, x.mean(0), x.var(0), 1e-3)


def test_a_trained_model_predicts_better_with_statistics_of_its_weights():
    model = chain(layers.Dense(8), layers.BatchNormalization(), layers.Dense(1))
    model.compile(keras.optimizers.SGD(0.05), "mse")
    target = X[:, :1] - X[:, 1:2]
    model.fit(X, target, batch_size=23, epochs=5, verbose=0)
    rates = model.optimizer.iterations.numpy()
    stale = model.evaluate(X, target, verbose=0)
    reestimate_batch_norm(model, X)
    assert model.evaluate(X, target, verbose=0) < 0.5 * stale
    # The numbers that the next training step begins with are those.
    mean = model.layers[1].moving_mean.numpy()
    assert model.optimizer.iterations.numpy() == rates
    model.fit(X, target, batch_size=23, epochs=1, verbose=0)
    assert np.abs(model.layers[1].moving_mean.numpy() - mean).max() < 0.1 * np.abs(mean).max()


class Reestimate(keras.callbacks.Callback):
    """Between the epochs of a `fit`."""

    def on_epoch_end(self, epoch, logs=None):
        reestimate_batch_norm(self.model, X)


def test_in_the_course_of_a_fit():
    norm = layers.BatchNormalization(momentum=0.5)
    model = chain(norm, layers.Dense(1))
    model.compile("sgd", "mse")
    model.fit(X, X[:, :1], epochs=2, verbose=0, callbacks=[Reestimate()])
    assert_statistics(norm, X.astype("float64").mean(0), X.astype("float64").var(0))


def failing():
    yield X[:8]
    raise OSError("no such file")


def test_nothing_changes_when_the_data_fail():
    model = chain(layers.BatchNormalization())
    before = state(model)
    with pytest.raises(OSError, match="no such file"):
        reestimate_batch_norm(model, failing())
    for one, other in zip(before, state(model), strict=True):
        np.testing.assert_array_equal(one, other)
    assert "call" not in vars(model.layers[0])


def recurrent():
    class Cell(layers.SimpleRNNCell):
        def __init__(self):
            super().__init__(2)
            self.norm = layers.BatchNormalization()

    return chain(layers.RNN(Cell(), name="rnn"), shape=(3, 4))


def frozen():
    model = chain(layers.BatchNormalization())
    freeze_batch_norm(model)
    return model


class Held(keras.Model):
    def __init__(self):
        super().__init__()
        self.norm = layers.BatchNormalization()

    def call(self, inputs):
        return self.norm(inputs, training=False)


def held():
    model = Held()
    model(X)
    return model


@pytest.mark.parametrize(
    ("model", "fix"),
    [
        (lambda: chain(layers.Dense(2)), "a batch normalization layer"),
        (frozen, "All of them are frozen"),
        (held, "None of them normalizes"),
        (recurrent, "The cell of 'rnn'"),
        (lambda: keras.Sequential([layers.BatchNormalization()]), "Call it on a batch first"),
    ],
    ids=["none", "frozen", "held", "recurrent", "not built"],
)
def test_models_that_have_nothing_to_estimate(model, fix):
    x = np.zeros((2, 3, 4)) if model is recurrent else X
    with pytest.raises(ValueError, match=rf"`model`.*{fix}.* \(reestimate_batch_norm\)\.$"):
        reestimate_batch_norm(model(), x)


@pytest.mark.parametrize(
    ("name", "arguments", "error"),
    [
        ("model", {"model": "resnet"}, TypeError),
        ("data", {"data": 3}, TypeError),
        ("data", {"data": "x"}, TypeError),
        ("data", {"data": []}, ValueError),
        ("data", {"data": X[:0]}, ValueError),
        ("data", {"data": iter(())}, ValueError),
        ("data", {"data": [X, X[:3]]}, ValueError),
        ("data", {"data": np.float32(3)}, ValueError),
        ("steps", {"steps": 0}, ValueError),
        ("steps", {"steps": 1.5}, TypeError),
        ("batch_size", {"batch_size": 0}, ValueError),
    ],
)
def test_bad_input(name, arguments, error):
    model = chain(layers.BatchNormalization())
    with pytest.raises(error, match=rf"argument `{name}`.* \(reestimate_batch_norm\)\.$"):
        reestimate_batch_norm(**{"model": model, "data": X, **arguments})


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="others have no such generator")
def test_the_generator_of_pytorch_stays_where_it_is():
    import torch

    model = chain(layers.Dropout(0.5), layers.BatchNormalization())
    before = torch.get_rng_state()
    reestimate_batch_norm(model, X)
    assert torch.equal(torch.get_rng_state(), before)
