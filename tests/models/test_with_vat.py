import keras
import numpy as np
import pytest

from kerasreg import layers
from kerasreg.models import with_vat

RANDOM = np.random.default_rng(0)
X, LABELS = RANDOM.normal(size=(16, 4)).astype("float32"), RANDOM.integers(0, 3, size=16)


def softmax(z):
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


def kl(p, q):
    return (p * np.log(p / q)).sum(axis=-1)


def linear():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])


def worst(kernel, bias, radius):
    """Returns KL(p(x) || p(x + r)) with r along the first eigenvector of its second derivative."""
    p = softmax(X @ kernel + bias)
    found = []
    for x, each in zip(X.astype("float64"), p, strict=True):
        hessian = kernel @ (np.diag(each) - np.outer(each, each)) @ kernel.T
        r = radius * np.linalg.eigh(hessian)[1][:, -1]
        found.append([kl(each, softmax((x + sign * r) @ kernel + bias)) for sign in (1, -1)])
    return np.array(found)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_many_iterations_find_the_worst_direction(jit_compile):
    inside = linear()
    kernel, bias = (each.astype("float64") for each in inside.get_weights())
    expected = worst(kernel, bias, 0.05)
    model = with_vat(inside, 2.0, radius=0.05, iterations=30, from_logits=True, seed=1)
    model.compile(keras.optimizers.SGD(0.0), jit_compile=jit_compile)
    found = model.fit(X, batch_size=16, verbose=0).history["vat"][0]
    # Which of the two ends of the direction is found is up to chance.
    low, high = 2 * expected.min(axis=1).mean(), 2 * expected.max(axis=1).mean()
    assert 0.95 * low <= found <= 1.001 * high


def test_unlabeled_examples_take_part_with_a_weight_of_0():
    inside = linear()
    model = with_vat(inside, radius=0.5, from_logits=True, seed=1)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.5), loss)
    logs = model.fit(X, LABELS, sample_weight=np.zeros(16), batch_size=16, verbose=0).history
    assert logs["vat"][0] > 1e-4
    np.testing.assert_allclose(logs["loss"], logs["vat"], rtol=1e-5)
    later = model.fit(
        X, LABELS, sample_weight=np.zeros(16), batch_size=16, epochs=20, verbose=0
    ).history
    assert later["vat"][-1] < 0.8 * logs["vat"][0]


def test_gradient_is_that_of_the_moved_prediction_only():
    inside = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    inside.set_weights([np.array([[1.5]]), np.array([0.25])])
    model = with_vat(inside, radius=0.5, from_logits=True, seed=1)
    model.compile(keras.optimizers.SGD(1.0))
    x = np.full((1, 1), 0.5)
    model.fit(x, verbose=0)
    kernel, bias = (float(each.reshape(())) for each in inside.get_weights())
    p = 1 / (1 + np.exp(-(1.5 * 0.5 + 0.25)))
    steps = []
    for moved in (1.0, 0.0):
        q = 1 / (1 + np.exp(-(1.5 * moved + 0.25)))
        steps.append([1.5 - (q - p) * moved, 0.25 - (q - p)])
    assert any(np.allclose([kernel, bias], each, rtol=1e-4) for each in steps)


def test_masks_are_the_same_in_all_passes_and_statistics_change_once():
    norm, dropout = keras.layers.BatchNormalization(momentum=0.5), layers.Dropout(0.5, seed=1)
    inside = keras.Sequential([keras.Input((4,)), norm, dropout, keras.layers.Dense(3, "softmax")])
    model = with_vat(inside, radius=1e-3, probe=1e-2)
    model.compile(keras.optimizers.SGD(0.0), "sparse_categorical_crossentropy")
    logs = model.fit(X, LABELS, batch_size=16, verbose=0).history
    # Other masks would be far apart however small the change.
    assert 0 <= logs["vat"][0] < 1e-4
    np.testing.assert_allclose(norm.moving_mean, 0.5 * X.mean(axis=0), rtol=1e-4, atol=1e-6)


def test_without_labels_a_compiled_loss_is_refused():
    model = with_vat(linear(), from_logits=True)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    with pytest.raises(ValueError, match=r"`y`.*compile the model without a loss.*\(WithVAT\)"):
        model.fit(X, verbose=0)


def test_without_labels_penalties_count():
    inside = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, kernel_regularizer="l2")])
    model = with_vat(inside, from_logits=True)
    model.compile(keras.optimizers.SGD(0.0))
    logs = model.fit(X, batch_size=16, verbose=0).history
    penalty = 0.01 * np.square(inside.get_weights()[0]).sum()
    np.testing.assert_allclose(logs["loss"][0] - logs["vat"][0], penalty, rtol=1e-4)


def test_a_loss_of_logits_needs_a_divergence_of_logits():
    model = with_vat(linear())
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    with pytest.raises(ValueError, match=r"`from_logits`\. Expected True, as the compiled loss"):
        model.fit(X, LABELS, verbose=0)


def test_integers_that_the_model_takes_for_floats():
    model = with_vat(linear(), from_logits=True, seed=1)
    model.compile(keras.optimizers.SGD(0.1))
    logs = model.fit((10 * X).astype("int8"), verbose=0).history
    assert logs["vat"][0] > 0
