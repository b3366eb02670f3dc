import keras
import numpy as np
import pytest
from keras import layers, ops

import kerasreg
from kerasreg import schedules
from kerasreg.models import mc_predict

X = np.random.default_rng(0).normal(size=(7, 4)).astype("float32")
SEQUENCES = np.random.default_rng(0).normal(size=(7, 3, 4)).astype("float32")


def state(model):
    variables = [*model.variables, *model.metrics_variables]
    return [ops.convert_to_numpy(variable.value) for variable in variables]


def assert_same(before, after):
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def chain(*parts, shape=(4,)):
    return keras.Sequential([keras.Input(shape), *parts])


def submodel():
    return chain(layers.Dense(40), chain(layers.Dropout(0.5), shape=(40,)))


# The layers between the input, of shape (3, 4), and the output.
STOCHASTIC = {
    "kerasreg": lambda: [kerasreg.layers.Dropout(0.5)],
    "keras": lambda: [layers.Dropout(0.5)],
    "keras, seeded": lambda: [layers.Dropout(0.5, seed=1)],
    "spatial": lambda: [layers.SpatialDropout1D(0.5)],
    "alpha": lambda: [layers.AlphaDropout(0.5)],
    "gaussian": lambda: [layers.GaussianDropout(0.5)],
    "noise": lambda: [layers.GaussianNoise(0.5)],
    "lstm": lambda: [layers.LSTM(4, dropout=0.5, return_sequences=True)],
    "gru": lambda: [layers.GRU(4, recurrent_dropout=0.5, return_sequences=True)],
    "bidirectional": lambda: [layers.Bidirectional(layers.LSTM(4, dropout=0.5))],
    "stateless weights": lambda: [kerasreg.layers.DropConnect(layers.Dense(4), 0.5)],
    "one mask for a batch": lambda: [kerasreg.layers.Dropout(0.5, noise_shape=(1, None, None))],
    "time distributed": lambda: [layers.TimeDistributed(kerasreg.layers.Dropout(0.5))],
    "submodel": lambda: [layers.Flatten(), layers.Dense(4), submodel()],
    "sample head": lambda: [kerasreg.layers.MultiSampleDropout(layers.Dense(2), 2)],
}


@pytest.mark.parametrize("kind", STOCHASTIC)
def test_random_layers_are_active_and_unchanged(kind):
    model = chain(*STOCHASTIC[kind](), shape=(3, 4))
    shape = model.predict(SEQUENCES, verbose=0).shape
    before = state(model)
    kept = mc_predict(model, SEQUENCES, 5, seed=1, keep_samples=True, batch_size=4)
    assert kept.samples.shape == (5, *shape)
    for batch in (kept.samples[:, :4], kept.samples[:, 4:]):
        assert all(np.abs(batch[i] - batch[j]).max() > 1e-6 for i in range(5) for j in range(i))
    again = mc_predict(model, SEQUENCES, 5, seed=1, batch_size=4)
    assert again.samples is None
    np.testing.assert_allclose(again.mean, kept.samples.mean(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(again.std, kept.samples.std(0), rtol=1e-4, atol=1e-6)
    assert_same(before, state(model))


def test_mean_and_standard_deviation_are_those_of_theory():
    weights = np.array([[1.0], [-2.0], [0.5], [3.0]])
    model = chain(kerasreg.layers.Dropout(0.2), layers.Dense(1, use_bias=False))
    model.set_weights([weights])
    n = 4000
    found = mc_predict(model, X, n, seed=3)
    std = np.sqrt(0.25 * (X**2) @ (weights**2))
    assert (np.abs(found.mean - X @ weights) < 5 * std / np.sqrt(n)).all()
    # The spread of a standard deviation from n draws, for a kurtosis of at most 4.25.
    assert (np.abs(found.std - std) < 5 * std * np.sqrt(3.25 / (4 * n))).all()


@pytest.mark.parametrize("cls", [layers.BatchNormalization, kerasreg.layers.BatchNormalization])
def test_batch_normalization_is_in_inference_mode_and_untouched(cls):
    model = chain(cls(name="norm"), layers.GaussianNoise(1e-4))
    model.get_layer("norm").moving_mean.assign([1.0, 2.0, 3.0, 4.0])
    before = state(model)
    found = mc_predict(model, X, 4)
    np.testing.assert_allclose(found.mean, model.predict(X, verbose=0), atol=1e-3)
    assert (found.std > 0).all()
    assert_same(before, state(model))
    assert model.get_layer("norm").trainable


def test_image_augmentation_is_off():
    images = np.random.default_rng(0).random((4, 5, 5, 1), "float32")
    model = chain(layers.RandomFlip(), layers.GaussianNoise(1e-4), shape=(5, 5, 1))
    np.testing.assert_allclose(mc_predict(model, images, 4).mean, images, atol=1e-3)


class Branching(keras.Model):
    """Has dropout in training only, a way of its own to hand `training` on, and a counter."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3)
        self.norm = layers.BatchNormalization()
        self.dropout = layers.Dropout(0.5)
        self.calls = self.add_weight(shape=(), trainable=False, initializer="zeros", name="calls")

    def call(self, inputs, training=False):
        self.calls.assign_add(1.0)
        x = self.norm(self.dense(inputs["x"]), training=training)
        if training:
            x = self.dropout(x)
        return {"sum": ops.sum(x, -1), "all": (x, x * 2)}


def test_subclassed_model_with_nested_inputs_and_outputs():
    model = Branching()
    model({"x": X})
    before = state(model)
    found = mc_predict(model, {"x": X}, 6, batch_size=3, keep_samples=True)
    assert found.mean["sum"].shape == (7,)
    assert found.std["all"][1].shape == (7, 3)
    np.testing.assert_allclose(found.mean["all"][0] * 2, found.mean["all"][1], rtol=1e-5)
    assert found.samples["all"][0].shape == (6, 7, 3)
    assert (found.std["all"][0] > 0).any()
    assert_same(before, state(model))


def test_same_seed_same_numbers_whatever_the_state_of_the_model():
    model = chain(kerasreg.layers.Dropout(0.5), layers.Dense(2))
    first = mc_predict(model, X, 3, seed=5)
    model(X, training=True)
    second = mc_predict(model, X, 3, seed=5)
    other = mc_predict(model, X, 3, seed=6)
    np.testing.assert_array_equal(first.mean, second.mean)
    np.testing.assert_array_equal(first.std, second.std)
    assert not np.array_equal(first.mean, other.mean)
    free = [mc_predict(model, X, 3).mean for _ in range(2)]
    assert not np.array_equal(*free)


def test_batches_have_masks_of_their_own():
    model = chain(kerasreg.layers.Dropout(0.5))
    x = np.ones((40, 4), "float32")
    samples = mc_predict(model, x, 2, batch_size=20, seed=1, keep_samples=True).samples
    assert not np.array_equal(samples[:, :20], samples[:, 20:])


def test_a_scheduled_rate_has_the_value_of_the_last_training_step():
    model = chain(kerasreg.layers.Dropout(schedules.Piecewise([1], [0.0, 1.0])))
    x = np.ones((10, 4), "float32")
    for _ in range(2):  # before training, and when a step has trained with rate 0
        np.testing.assert_array_equal(mc_predict(model, x, 5).mean, x)
        model(x, training=True)
    assert not mc_predict(model, x, 5).mean.any()


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        return X[4 * index : 4 * index + 4], np.zeros(len(X[4 * index : 4 * index + 4]))


def data_set():
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices((X, X[:, 0])).batch(4)


def generator():
    yield X[:4]
    yield X[4:]


@pytest.mark.parametrize("make", [Batches, generator, data_set])
def test_batches_of_other_kinds(make):
    if make is data_set and keras.backend.backend() != "tensorflow":
        pytest.skip("tf.data is tried on TensorFlow")
    model = chain(kerasreg.layers.Dropout(0.5))
    expected = mc_predict(model, X, 3, batch_size=4, seed=2)
    found = mc_predict(model, make(), 3, seed=2)
    np.testing.assert_array_equal(found.mean, expected.mean)


def test_a_compiled_model_stays_as_it_is_and_trains_on():
    model = chain(layers.Dense(3), layers.BatchNormalization(), kerasreg.layers.Dropout(0.5))
    model.compile("sgd", "mse", metrics=["mae"])
    y = np.zeros((7, 3), "float32")
    model.fit(X, y, verbose=0)
    functions = model.train_function, model.test_function, model.predict_function
    before, losses = state(model), len(model.losses)
    mc_predict(model, X, 3)
    assert (model.train_function, model.test_function, model.predict_function) == functions
    assert len(model.losses) == losses
    assert_same(before, state(model))
    model.fit(X, y, verbose=0)
    assert not np.array_equal(before[0], state(model)[0])


class Failing(layers.Layer):
    def call(self, inputs, training=False):
        if training:
            raise OSError("no such luck")
        return inputs


def test_the_model_is_as_before_after_an_exception():
    model = chain(layers.BatchNormalization(name="norm"), layers.Dropout(0.5), Failing())
    before = state(model)
    with pytest.raises(OSError, match="no such luck"):
        mc_predict(model, X, 3)
    assert_same(before, state(model))
    norm = model.get_layer("norm")
    assert norm.call.__func__ is layers.BatchNormalization.call
    norm(X, training=True)
    assert not np.array_equal(before[2], ops.convert_to_numpy(norm.moving_mean.value))


@pytest.mark.parametrize(
    "parts",
    [
        lambda: [layers.BatchNormalization()],
        lambda: [kerasreg.layers.Dropout(0.0)],
        lambda: [layers.Reshape((2, 2)), layers.LSTM(3)],
        lambda: [layers.Reshape((2, 2, 1)), layers.RandomFlip()],
    ],
)
def test_a_model_in_which_nothing_is_random_is_refused(parts):
    model = chain(*parts())
    with pytest.raises(ValueError, match=r"`model`. Expected a model with a random layer"):
        mc_predict(model, X, 3)


@pytest.mark.parametrize(
    ("bad", "error", "match"),
    [
        ({"samples": 0}, ValueError, "`samples`"),
        ({"samples": 2.5}, TypeError, "`samples`"),
        ({"batch_size": 0}, ValueError, "`batch_size`"),
        ({"seed": "a"}, TypeError, "`seed`"),
        ({"keep_samples": 1}, TypeError, "`keep_samples`"),
        ({"model": "model"}, TypeError, "`model`"),
        ({"model": Branching()}, ValueError, "a model that is built"),
        ({"x": None}, TypeError, "`x`"),
        ({"x": 3}, TypeError, "`x`"),
        ({"x": {"a": X, "b": X[:2]}}, ValueError, "arrays of the same length"),
        ({"x": X[:0]}, ValueError, "at least one batch"),
    ],
    ids=str,
)
def test_bad_input(bad, error, match):
    good = {"model": chain(kerasreg.layers.Dropout(0.5)), "x": X, "samples": 2}
    with pytest.raises(error, match=match + r".*\(mc_predict\)\.$"):
        mc_predict(**{**good, **bad})
