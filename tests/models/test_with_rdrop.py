import keras
import numpy as np
import pytest

from kerasreg import layers, schedules
from kerasreg.models import with_rdrop

RANDOM = np.random.default_rng(0)
X, LABELS = RANDOM.normal(size=(16, 4)).astype("float32"), RANDOM.integers(0, 3, size=16)


def droppy(outputs=3, **arguments):
    dropout = layers.Dropout(0.5, seed=1)
    return keras.Sequential([keras.Input((4,)), dropout, keras.layers.Dense(outputs, **arguments)])


def log_softmax(z):
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def two_passes(inside):
    """Returns what two calls give whose masks are those of the first step of training."""
    copy = keras.models.clone_model(inside)
    copy.set_weights(inside.get_weights())
    return [np.asarray(keras.ops.convert_to_numpy(copy(X, training=True)), "float64") for _ in "ab"]


@pytest.mark.parametrize("jit_compile", [False, True])
def test_loss_is_that_of_two_passes_and_their_divergence(jit_compile):
    inside = droppy(kernel_regularizer="l2")
    first, second = (log_softmax(each) for each in two_passes(inside))
    penalty = 0.01 * np.square(inside.get_weights()[0]).sum()
    model = with_rdrop(inside, 2.0, from_logits=True)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, jit_compile=jit_compile)
    logs = model.fit(X, LABELS, batch_size=16, verbose=0, shuffle=False).history
    divergence = ((np.exp(first) - np.exp(second)) * (first - second)).sum(axis=-1).mean()
    assert divergence > 0.01
    np.testing.assert_allclose(logs["rdrop"], [divergence], rtol=1e-4)
    data = -np.mean([each[np.arange(16), LABELS] for each in (first, second)])
    np.testing.assert_allclose(logs["loss"], [data + divergence + penalty], rtol=1e-4)


@pytest.mark.parametrize("activation", ["sigmoid", None])
def test_one_output_is_the_probability_of_one_of_two(activation):
    inside = droppy(1, activation=activation)
    first, second = two_passes(inside)
    if activation is None:
        first, second = 1 / (1 + np.exp(-first)), 1 / (1 + np.exp(-second))
    odds = np.log(first / (1 - first)) - np.log(second / (1 - second))
    expected = 0.5 * np.mean((first - second) * odds)
    model = with_rdrop(inside, 1.0, from_logits=activation is None)
    model.compile("sgd", "mse")
    logs = model.fit(X, np.ones((16, 1)), batch_size=16, verbose=0, shuffle=False).history
    np.testing.assert_allclose(logs["rdrop"], [expected], rtol=1e-3)


def test_without_dropout_both_passes_agree_and_moving_statistics_change_once():
    norm = keras.layers.BatchNormalization(momentum=0.5)
    inside = keras.Sequential([keras.Input((4,)), norm, keras.layers.Dense(3, "softmax")])
    model = with_rdrop(inside, schedules.Constant(2.0))
    model.compile("sgd", "sparse_categorical_crossentropy")
    logs = model.fit(X, LABELS, batch_size=16, verbose=0).history
    np.testing.assert_allclose(logs["rdrop"], [0.0], atol=1e-6)
    np.testing.assert_allclose(norm.moving_mean, 0.5 * X.mean(axis=0), rtol=1e-4, atol=1e-6)


def test_penalties_on_activities_count_once():
    inside = droppy(kernel_regularizer="l2", activity_regularizer=keras.regularizers.L2(0.5))
    first, second = two_passes(inside)
    penalty = 0.01 * np.square(inside.get_weights()[0]).sum()
    model = with_rdrop(inside, 0.0, from_logits=True)
    model.compile("sgd", "mse")
    logs = model.fit(X, np.zeros((16, 3)), batch_size=16, verbose=0, shuffle=False).history
    data = np.mean(np.square([first, second]))
    activity = 0.5 * np.square(first).sum() / 16
    np.testing.assert_allclose(logs["loss"], [data + penalty + activity], rtol=1e-4)


@pytest.mark.parametrize("from_logits", [False, True])
def test_a_loss_of_logits_needs_a_divergence_of_logits(from_logits):
    model = with_rdrop(droppy(), from_logits=not from_logits)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits))
    with pytest.raises(ValueError, match=rf"`from_logits`\. Expected {from_logits}, as the comp"):
        model.fit(X, LABELS, verbose=0)


def test_a_wrapper_in_a_wrapper_is_refused():
    with pytest.raises(ValueError, match="Wrappers do not nest"):
        with_rdrop(with_rdrop(droppy()))
