"""The mean of the best weights."""

import math

import keras
import numpy as np
import pytest

from kerasreg.callbacks import EarlyStopping, TopK
from tests.callbacks.stopping.playing import one_weight_model, play, weight


@pytest.mark.parametrize(
    ("k", "values", "mode", "expected"),
    [
        (1, [3, 1, 2], "min", [2]),
        (2, [3, 1, 2], "min", [2, 3]),
        (2, [3, 1, 2], "max", [1, 3]),
        (3, [5, 1, 4, 2, 3, math.nan], "min", [2, 4, 5]),
        (9, [3, math.nan, 2], "min", [1, 3]),
        (2, [1, 1, 1], "min", [1, 2]),  # of equals the first ones
    ],
)
@pytest.mark.parametrize("on_disk", [False, True])
def test_mean_of_the_best(k, values, mode, expected, on_disk, tmp_path):
    folder = tmp_path if on_disk else None
    stopper = EarlyStopping(mode=mode, patience=9, restore=TopK(k), snapshot_dir=folder)
    assert weight(play(stopper, values)) == pytest.approx(np.mean(expected), rel=1e-6)
    assert len(stopper._session.run.kept.entries) == len(expected)
    assert len(list(tmp_path.glob("weights-*"))) == (len(expected) if on_disk else 0)
    assert stopper.report.restored


def test_best_weights_are_those_of_the_best_one():
    stopper = EarlyStopping(patience=9, restore=TopK(2))
    play(stopper, [3, 1, 2])
    np.testing.assert_array_equal(stopper.best_weights, [[[2.0]]])
    assert str(stopper.report) == (
        "All epochs were trained. Best val_loss: 1 in epoch 2; of the weights, the mean of the "
        "top 2 came back."
    )


def test_integers_are_those_of_the_best_one():
    class Counting(keras.layers.Layer):
        def build(self, shape):
            self.count = self.add_weight(
                shape=(), dtype="int32", initializer="zeros", trainable=False
            )

        def call(self, x):
            return x

    model = keras.Sequential([*one_weight_model().layers, Counting()])
    model.build((None, 1))
    stopper = EarlyStopping(patience=9, restore=TopK(2))
    stopper.set_model(model)
    stopper.on_train_begin()
    for epoch, value in enumerate([3, 1, 2]):
        model.set_weights([np.full((1, 1), epoch + 1.0), np.array(epoch + 1)])
        stopper.on_epoch_end(epoch, {"val_loss": value})
    stopper.on_train_end()
    assert [float(value.item()) for value in model.get_weights()] == [2.5, 2]


@pytest.mark.parametrize(("k", "error"), [(0, ValueError), (2.0, TypeError), (None, TypeError)])
def test_bad_arguments(k, error):
    with pytest.raises(error, match=r"argument `k`\. Expected .* \(TopK\)\.$"):
        TopK(k)


def test_its_words():
    assert repr(TopK(3)) == "TopK(3)"
    assert TopK(3) == TopK(3) != TopK(2)
    assert TopK(3) != 3
