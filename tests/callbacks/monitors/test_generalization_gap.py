import re

import keras
import numpy as np
import pytest
from keras import layers, ops

from kerasreg.callbacks import GeneralizationGap, WeightAveraging
from kerasreg.callbacks.monitors.generalization_gap import GapCurve
from kerasreg.layers import Dropout

RNG = np.random.default_rng(0)
X = RNG.normal(size=(22, 3)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")
SAMPLE, VALIDATION = (X[:7], Y[:7]), (X[7:12], Y[7:12])


def make_model(**compiled):
    keras.utils.set_random_seed(0)
    stack = [layers.Dense(8, "relu", kernel_regularizer="l2"), layers.BatchNormalization()]
    stack += [Dropout(0.5), layers.Dense(1, "sigmoid")]
    model = keras.Sequential([keras.Input((3,)), *stack])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"], **compiled)
    return model


def fitted(model, *callbacks, **arguments):
    arguments = {"validation_data": VALIDATION, "epochs": 3, "batch_size": 8} | arguments
    keras.utils.set_random_seed(1)
    return model.fit(X, Y, verbose=0, callbacks=callbacks, **arguments).history


def test_both_values_are_of_the_same_weights_at_inference():
    monitor = GeneralizationGap(SAMPLE, batch_size=4)
    model = make_model()
    history = fitted(model, monitor)
    x, y = SAMPLE
    p = ops.convert_to_numpy(model(x, training=False)).astype("float64")
    kernel = ops.convert_to_numpy(model.layers[0].kernel).astype("float64")
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)) + 0.01 * np.sum(kernel**2)
    accuracy = np.mean((p > 0.5) == y)
    validated = model.evaluate(*VALIDATION, verbose=0, return_dict=True)
    curve = monitor.curves["loss"]
    assert curve.epochs == [1, 2, 3]
    assert curve.train[-1] == pytest.approx(loss, rel=1e-5)
    assert curve.validation[-1] == pytest.approx(validated["loss"], rel=1e-6)
    assert curve.gap[-1] == pytest.approx(validated["loss"] - loss, abs=1e-5)
    assert monitor.curves["accuracy"].train[-1] == pytest.approx(accuracy)
    assert history["gap_accuracy"][-1] == pytest.approx(accuracy - validated["accuracy"], abs=1e-6)
    assert history["train_loss"] == curve.train
    assert history["gap_loss"] == curve.gap


def test_training_does_not_notice():
    alone = fitted(make_model())
    watched = fitted(make_model(), GeneralizationGap(SAMPLE))
    assert {name: watched[name] for name in alone} == alone
    assert watched.keys() - alone.keys() == {
        f"{kind}_{name}" for kind in ("train", "gap") for name in ("loss", "accuracy")
    }


def test_epochs_without_validation_are_left_out():
    monitor = GeneralizationGap(SAMPLE)
    fitted(make_model(), monitor, validation_freq=2, epochs=5)
    assert monitor.curves["loss"].epochs == [2, 4]


def test_a_second_fit_starts_afresh_and_data_may_be_lists():
    monitor = GeneralizationGap([SAMPLE[0].tolist(), SAMPLE[1].tolist()])
    model = make_model()
    fitted(model, monitor)
    fitted(model, monitor, epochs=1)
    loss = model.evaluate(*SAMPLE, verbose=0)[0]
    assert monitor.curves["loss"].train == [pytest.approx(loss)]


def test_callbacks_after_it_may_monitor_the_gap():
    seen = []
    after = keras.callbacks.LambdaCallback(on_epoch_end=lambda _, logs: seen.append(dict(logs)))
    history = fitted(make_model(), GeneralizationGap(SAMPLE), after)
    assert [logs["gap_loss"] for logs in seen] == history["gap_loss"]


@pytest.mark.parametrize(
    ("direction", "train", "validation", "onset"),
    [
        ("min", [3, 2, 1, 0.5], [3, 2, 2.5, 4], 20),  # the picture in the book
        ("max", [0.5, 0.7, 0.9, 1.0], [0.5, 0.6, 0.55, 0.4], 20),
        ("min", [3, 2, 1, 0.5], [3, 2, 1.5, 1.2], None),  # validation still falls
        ("min", [3, 2, 2.5, 2.6], [3, 2, 2.5, 4], None),  # training gets worse as well
        ("min", [3, 2, 1, 0.5], [2, np.nan, 2.5, 4], 10),
        ("min", [3, 2], [np.nan, np.inf], None),
        ("min", [3, 2, 1], [2, 2, 2], None),
    ],
)
def test_onset_of_overfitting(direction, train, validation, onset):
    epochs = [10, 20, 30, 40][: len(train)]
    assert GapCurve(epochs, train, validation, [], direction).onset == onset


def test_reading():
    monitor = GeneralizationGap(SAMPLE)
    curve = GapCurve([1, 2, 3], [3.0, 2.0, 1.0], [3.0, 2.5, 3.5], [0.0, 0.5, 2.5], "min")
    monitor.curves = {"loss": curve, "accuracy": GapCurve([1], [0.5], [0.4], [0.1], "max")}
    reading = monitor.reading(target=0.25)
    assert "loss after epoch 3: 1 in training, 3.5 in validation, gap 2.5." in reading
    assert "Overfits since epoch 2, where validation was 2.5." in reading
    assert "Avoidable bias 0.75, variance 2.5: reduce the variance" in reading
    reading = monitor.reading("accuracy", target=0.9)
    assert "No overfitting so far" in reading
    assert "Avoidable bias 0.4, variance 0.1: reduce the bias" in reading
    with pytest.raises(ValueError, match=r"was measured \('loss', 'accuracy'\)"):
        monitor.reading("auc")
    with pytest.raises(TypeError, match="`target`"):
        monitor.reading(target="0.9")


@pytest.mark.parametrize(
    ("sample", "error", "message"),
    [
        (None, TypeError, "data as `fit` takes"),
        (0.1, TypeError, "data as `fit` takes"),
        ("train", TypeError, "data as `fit` takes"),
        (iter([SAMPLE]), TypeError, "data as `fit` takes"),
        ((1.0, 2.0), TypeError, "data as `fit` takes"),
        ((X,), ValueError, "sample='1 items'"),
        (X, TypeError, "Expected data as `fit` takes for validation"),
        ((X, Y[:3]), ValueError, "[(22, 3), (3, 1)]"),
        ((X[:0], Y[:0]), ValueError, "at least one example"),
    ],
    ids=["none", "number", "name", "iterator", "numbers", "one", "array", "lengths", "empty"],
)
def test_bad_samples(sample, error, message):
    with pytest.raises(error, match=re.escape(message)):
        GeneralizationGap(sample)


def test_bad_batch_size():
    with pytest.raises(ValueError, match="an integer of at least 1"):
        GeneralizationGap(SAMPLE, batch_size=0)


def test_a_fit_without_validation_is_refused():
    with pytest.raises(ValueError, match=r"Pass `validation_data` or `validation_split`"):
        fitted(make_model(), GeneralizationGap(SAMPLE), validation_data=None)


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("kind", ["ema", "swa"])
def test_averages_that_are_validated_are_measured_in_training_too(kind, position):
    monitor = GeneralizationGap(VALIDATION)
    data = {"batch_norm_data": X} if kind == "swa" else {"decay": 0.9, "warmup": False}
    callbacks = [WeightAveraging(kind, start_epoch=1, **data)]
    callbacks.insert(position, monitor)
    model, plain = make_model(), make_model()
    fitted(model, *callbacks, epochs=4)
    reference = fitted(plain, epochs=4)
    for curve in monitor.curves.values():
        np.testing.assert_allclose(curve.gap, 0, atol=1e-6)
    assert abs(monitor.curves["loss"].validation[-1] - reference["val_loss"][-1]) > 1e-4


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("on_epoch", [True, False])
def test_averages_of_the_optimizer_that_keras_swaps_in_are_measured(position, on_epoch):
    monitor = GeneralizationGap(VALIDATION)
    callbacks = [keras.callbacks.SwapEMAWeights(swap_on_epoch=on_epoch)]
    callbacks.insert(position, monitor)
    model = make_model()
    model.compile(keras.optimizers.Adam(0.1, use_ema=True), "binary_crossentropy")
    fitted(model, *callbacks)
    np.testing.assert_allclose(monitor.curves["loss"].gap, 0, atol=1e-6)
