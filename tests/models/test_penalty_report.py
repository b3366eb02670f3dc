import keras
import numpy as np
import pytest
from keras import layers, ops

from kerasreg import regularizers, schedules
from kerasreg.layers import ConcreteDropout, L0Dense
from kerasreg.models import penalty_report
from kerasreg.models.penalty_report import PenaltyReport

KERNEL = np.array([[3.0, 0.0], [4.0, -12.0]], "float32")


def dense(name, kernel=KERNEL, **arguments):
    start = keras.initializers.Constant(kernel)
    return layers.Dense(kernel.shape[1], kernel_initializer=start, name=name, **arguments)


def functional():
    """Returns a functional model with a nested one that is used twice."""
    inner = dense("dense", kernel_regularizer=keras.regularizers.L2(0.5))
    inner = keras.Sequential([keras.Input((2,)), inner], name="inner")
    inputs = keras.Input((2,))
    penalty = regularizers.Sum(regularizers.L1(0.25), keras.regularizers.L1L2(0.0, 0.125))
    head = dense("head", kernel_regularizer=penalty, activity_regularizer="l2", use_bias=False)
    return keras.Model(inputs, head(inner(inner(inputs))))


def sequential():
    return keras.Sequential(functional().layers[1:])


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner, self.head = functional().layers[1:]

    def call(self, inputs):
        return self.head(self.inner(inputs))


@pytest.mark.parametrize("make", [functional, sequential, Subclassed])
def test_rows(make):
    model = make()
    if make is Subclassed:
        model.build((None, 2))
    report = penalty_report(model, show=False)
    norm, zeros = 13.0, 0.25
    expected = [
        ("inner/dense/kernel", (2, 2), "L2", {"l2": 0.5}, 84.5, norm, zeros),
        ("head/kernel", (2, 2), "L1", {"l1": 0.25}, 4.75, norm, zeros),
        ("head/kernel", (2, 2), "L1L2", {"l1": 0.0, "l2": 0.125}, 21.125, norm, zeros),
        ("head", None, "L2", {"l2": 0.01}, None, None, None),
    ]
    for row, values in zip(report.rows, expected, strict=True):
        assert (*row[:5], row.norm, row.zeros) == values
    assert report.total == sum(float(loss) for loss in model.losses) == 110.375
    shares = [row.share for row in report.rows]
    np.testing.assert_allclose(shares[:3], np.array([84.5, 4.75, 21.125]) / 110.375)
    assert shares[3] is None
    assert not any(row.frozen for row in report.rows)


def test_penalties_that_belong_to_a_layer_and_functions():
    def own(weight):
        return 0.1 * ops.sum(ops.square(weight))

    concrete = ConcreteDropout(dense("inside", bias_regularizer=own), 1e-2, 1e-3, name="concrete")
    model = keras.Sequential([keras.Input((2,)), concrete])
    first, second = sorted(penalty_report(model, show=False).rows, key=lambda row: row.penalty)
    assert (first.path, first.shape, first.penalty) == (
        "concrete/rate_logit",
        (),
        "ConcreteDropout",
    )
    assert first.strengths == {"weight_regularizer": 0.01, "dropout_regularizer": 0.001}
    rate = 0.1
    entropy = rate * np.log(rate) + (1 - rate) * np.log(1 - rate)
    assert first.value == pytest.approx(0.01 * 169 / 0.9 + 0.001 * 2 * entropy, rel=1e-5)
    assert second[:5] == ("concrete/inside/bias", (2,), "own", {}, 0.0)
    assert second.zeros == 1.0


def test_recurrent_frozen_and_tied_weights():
    lstm = layers.LSTM(2, recurrent_regularizer="l2", name="lstm")
    frozen = layers.Dense(2, kernel_regularizer="l2", name="frozen", trainable=False)
    model = keras.Sequential([keras.Input((3, 2)), lstm, frozen])
    rows = penalty_report(model, show=False).rows
    assert [row.path for row in rows] == ["lstm/lstm_cell/recurrent_kernel", "frozen/kernel"]
    assert [row.frozen for row in rows] == [False, True]
    assert rows[1].value == rows[1].share == 0.0
    assert rows[1].norm > 0
    assert rows[0].share == 1.0

    class Tied(layers.Layer):
        def __init__(self):
            super().__init__()
            self.kernel = frozen.kernel

        def call(self, inputs):
            return inputs @ self.kernel

    model = keras.Sequential([keras.Input((2,)), frozen, Tied()])
    assert [row.path for row in penalty_report(model, show=False).rows] == ["frozen/kernel"]


def test_weights_of_one_path_are_told_apart():
    class Twins(keras.Model):
        def __init__(self):
            super().__init__()
            self.twins = [dense("twin", kernel_regularizer="l2") for _ in range(2)]

        def call(self, inputs):
            return self.twins[1](self.twins[0](inputs))

    model = Twins()
    model(np.ones((1, 2)))
    paths = [row.path for row in penalty_report(model, show=False).rows]
    assert paths == ["twin/kernel", "twin/kernel#2"]


def test_half_precision_is_measured_in_at_least_single():
    big = dense("big", np.full((1, 1), 300.0), kernel_regularizer=regularizers.L2(1.0))
    big.dtype_policy = keras.DTypePolicy("float16")
    model = keras.Sequential([keras.Input((1,)), big])
    (row,) = penalty_report(model, show=False).rows
    assert (row.value, row.norm) == (90000.0, 300.0)


def test_what_is_printed(capsys):
    report = penalty_report(functional(), show=False)
    assert capsys.readouterr().out == ""
    assert penalty_report(functional()) == report
    printed = capsys.readouterr().out
    text = str(report)
    for part in ("Penalties on weights: 110.375", "l1=0.25", "76.6%"):
        assert part in printed
        assert part in text
    assert "inner/dense/kernel" in text
    assert "on data only" in text
    penalty_report(sequential_without())
    assert "(none)" in capsys.readouterr().out


def sequential_without():
    return keras.Sequential([keras.Input((2,)), layers.Dense(1)])


def test_a_model_without_penalties():
    assert penalty_report(sequential_without(), show=False) == PenaltyReport((), 0.0)


@pytest.mark.parametrize(
    ("model", "arguments", "error", "name"),
    [
        ("model", {}, TypeError, "model"),
        (layers.Dense(1), {}, TypeError, "model"),
        (keras.Sequential([layers.Dense(1)]), {}, ValueError, "model"),
        (sequential_without(), {"show": None}, TypeError, "show"),
        (sequential_without(), {"show": 1}, TypeError, "show"),
    ],
)
def test_bad_arguments(model, arguments, error, name):
    with pytest.raises(error, match=rf"argument `{name}`.* \(penalty_report\)\.$"):
        penalty_report(model, **arguments)


def test_folded_penalties_have_the_values_that_they_stand_for():
    penalty = regularizers.Folded(regularizers.Sum(regularizers.L1(0.5), regularizers.L2(1.0)))
    layer = dense("dense", kernel_regularizer=penalty, bias_regularizer="l2")
    report = penalty_report(keras.Sequential([keras.Input((2,)), layer]), show=False)
    names = [row.penalty for row in report.rows]
    assert names == ["Folded(L1)", "Folded(L2)", "L2"]
    assert [row.value for row in report.rows] == [9.5, 169.0, 0.0]
    assert report.rows[0].strengths == {"l1": 0.5}
    layer.trainable = False
    assert penalty_report(keras.Sequential([keras.Input((2,)), layer]), show=False).total == 0


def test_a_scheduled_strength_is_as_it_is_now():
    penalty = regularizers.L2(schedules.Linear(0.0, 1.0, steps=4))
    model = keras.Sequential([keras.Input((2,)), dense("dense", kernel_regularizer=penalty)])
    assert penalty_report(model, show=False).rows[0].strengths == {"l2": 0.0}
    model.compile("sgd", "mse")
    model.optimizer.iterations.assign(2)
    row = penalty_report(model, show=False).rows[0]
    assert (row.strengths, row.value) == ({"l2": 0.5}, 84.5)


def test_gates_are_named_for_their_layer():
    gated = L0Dense(2, strength=0.5, seed=1)
    model = keras.Sequential([keras.Input((3,)), gated])
    (row,) = penalty_report(model, show=False).rows
    assert (row.penalty, row.strengths) == ("L0Dense", {"strength": 0.5})
    assert row.value == pytest.approx(float(sum(model.losses)))


def test_outputs_that_time_distributed_leaves_out_are_said_to_be():
    inside = layers.Dense(1, activity_regularizer="l2")
    model = keras.Sequential([keras.Input((3, 2)), layers.TimeDistributed(inside)])
    model(np.ones((1, 3, 2), "float32"))
    assert not model.losses
    report = penalty_report(model, show=False)
    assert [row.value for row in report.rows] == [0.0]
    assert "left out" in str(report)


def test_penalties_that_cancel_have_no_shares():
    def plus(weight):
        return ops.sum(weight)

    def minus(weight):
        return -ops.sum(weight)

    arguments = {"kernel_initializer": "ones", "bias_initializer": "ones"}
    regularizers = {"kernel_regularizer": plus, "bias_regularizer": minus}
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1, **arguments, **regularizers)])
    report = penalty_report(model, show=False)
    assert [row.value for row in report.rows] == [1.0, -1.0]
    assert [row.share for row in report.rows] == [0.0, 0.0]
