"""Strengths that are schedules."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasreg import regularizers
from kerasreg.callbacks import PenaltyMonitor
from kerasreg.models import penalty_report
from kerasreg.regularizers import L1, L1L2, L2, ElasticNet, Folded, GroupLasso, Sum
from kerasreg.schedules import Linear, Piecewise

RAMP = Linear(0.0, 0.1, steps=10)
STRENGTH = {
    "l1": (lambda s: L1(s), lambda w, s: s * np.sign(w)),
    "l2": (lambda s: L2(s), lambda w, s: 2 * s * w),
    "l1_l2": (lambda s: L1L2(s, s), lambda w, s: s * np.sign(w) + 2 * s * w),
    "elastic_net": (lambda s: ElasticNet(s), lambda w, s: s * np.sign(w) / 2 + s * w),
    "sum": (lambda s: Sum(L2(0.1), L2(s)), lambda w, s: 2 * (0.1 + s) * w),
    "folded": (lambda s: Folded(Sum(L2(s), L1(s))), lambda w, s: s * np.sign(w) + 2 * s * w),
    "folded_group": (
        lambda s: Folded(GroupLasso(s, size_factor=False)),
        lambda w, s: s * w / np.linalg.norm(w, axis=0),
    ),
}
ON_TORCH = keras.backend.backend() == "torch"


def trained(penalty, callbacks=(), **arguments):
    dense = keras.layers.Dense(
        2, kernel_regularizer=penalty, kernel_initializer=keras.initializers.Constant(2.0), name="d"
    )
    model = keras.Sequential([keras.Input((3,)), dense])
    model.compile(keras.optimizers.SGD(0.1), "mse", **arguments)
    x, y = np.zeros((8, 3)), np.zeros((8, 2))  # the data's own gradient is 0
    validation = {"validation_data": (x, y)}
    fit = model.fit(x, y, batch_size=2, epochs=3, verbose=0, callbacks=callbacks, **validation)
    return model, fit.history


@pytest.mark.parametrize("name", STRENGTH)
def test_the_strength_follows_its_schedule_in_a_compiled_fit(name):
    make, gradient = STRENGTH[name]
    model, history = trained(make(RAMP), [PenaltyMonitor(terms=True)])
    kernel = np.full((3, 2), 2.0)
    for step in range(12):
        kernel -= 0.1 * gradient(kernel, min(step / 10, 1) * 0.1)
    np.testing.assert_allclose(model.get_weights()[0], kernel, atol=1e-6)
    strengths = [values for name, values in history.items() if name.startswith("strength/d/kernel")]
    assert strengths
    for values in strengths:
        np.testing.assert_allclose(values, [0.04, 0.08, 0.1], rtol=1e-6)
    report = penalty_report(model, show=False)
    np.testing.assert_allclose(history["val_penalty"][-1], report.total, rtol=1e-6)
    assert report.rows[-1].strengths.popitem()[1] in (pytest.approx(0.1), 0.5)


@pytest.mark.parametrize("name", ["l1_l2", "folded"])
@pytest.mark.skipif(ON_TORCH, reason="the compiler of PyTorch takes a quarter of a minute")
def test_with_jit(name):
    make, gradient = STRENGTH[name]
    model, _ = trained(make(RAMP), jit_compile=True)
    kernel = np.full((3, 2), 2.0)
    for step in range(12):
        kernel -= 0.1 * gradient(kernel, min(step / 10, 1) * 0.1)
    np.testing.assert_allclose(model.get_weights()[0], kernel, atol=1e-6)


def test_two_strengths_of_one_name_have_two_names_in_the_logs():
    steps = Piecewise([6], [0.5, 0.25])
    _, history = trained(Sum(L2(RAMP), L2(steps)), [PenaltyMonitor(terms=True)])
    np.testing.assert_allclose(history["strength/d/kernel/l2#2"], [0.5, 0.25, 0.25])


PENALTIES = [
    *[(cls, "strength", {}) for cls in (ElasticNet, GroupLasso, regularizers.SparseGroupLasso)],
    *[(cls, "strength", {}) for cls in (regularizers.Hoyer, regularizers.TotalVariation)],
    *[(cls, "strength", {}) for cls in (regularizers.SpectralNorm, regularizers.Orthogonal)],
    *[(cls, "strength", {}) for cls in (regularizers.KLSparsity, regularizers.Entropy)],
    (regularizers.Entropy, "strength", {"maximize": True}),
    (regularizers.L2SP, "strength", {"reference": np.ones((3, 2))}),
    (regularizers.SoftSharing, "strength", {"reference": keras.Variable(np.ones((3, 2)))}),
    *[(L1, "l1", {}), (L2, "l2", {}), (L1L2, "l1", {}), (L1L2, "l2", {})],
]
every_penalty = pytest.mark.parametrize(
    ("cls", "name", "more"), PENALTIES, ids=[f"{cls.__name__}.{n}" for cls, n, _ in PENALTIES]
)


@every_penalty
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_schedule_means_its_value(cls, name, more, dtype):
    weights = ops.cast(np.array([[0.5, -0.25], [0.75, 0.125], [0.25, 1.0]]), dtype)
    penalty = cls(**{name: Linear(0.25, 0.75, steps=4)}, **more)
    for step, value in ((0, 0.25), (2, 0.5), (9, 0.75)):
        with regularizers.at_step(step):
            found = penalty(weights)
        np.testing.assert_allclose(
            float(found), float(cls(**{name: value}, **more)(weights)), rtol=1e-6
        )


@every_penalty
def test_config_round_trip(cls, name, more):
    penalty = cls(**{name: RAMP}, **more)
    assert getattr(penalty, name) == RAMP
    if cls is regularizers.SoftSharing:
        pytest.skip("it finds the other weights in a model only")
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(penalty))
    assert getattr(copy, name) == RAMP
    assert copy.get_config() == penalty.get_config()


@every_penalty
def test_a_schedule_that_goes_below_0_is_refused(cls, name, more):
    with pytest.raises(ValueError, match=f"`{name}`.*non-negative float.*{cls.__name__}"):
        cls(**{name: Linear(1.0, -1.0, steps=4)}, **more)


@pytest.mark.parametrize("bad", [{"l2": 0.1}, keras.optimizers.schedules.CosineDecay(0.1, 10)])
def test_what_is_no_schedule_of_kerasreg_is_refused(bad):
    with pytest.raises(TypeError, match=r"`l2`.*\(L2\)"):
        L2(bad)


def test_proximal_operators_have_the_strength_of_the_step():
    weights = ops.convert_to_tensor(np.array([[2.0, -1.0]], "float32"))
    with regularizers.at_step(5):
        for penalty, plain in (
            (L1(RAMP), L1(0.05)),
            (L1L2(RAMP, RAMP), L1L2(0.05, 0.05)),
            (ElasticNet(RAMP), ElasticNet(0.05)),
            (GroupLasso(RAMP), GroupLasso(0.05)),
            (regularizers.SparseGroupLasso(RAMP), regularizers.SparseGroupLasso(0.05)),
        ):
            found, expected = penalty.proximal(weights, 2.0), plain.proximal(weights, 2.0)
            np.testing.assert_allclose(
                ops.convert_to_numpy(found), ops.convert_to_numpy(expected), rtol=1e-6
            )


def test_a_saved_model_goes_on_where_it_was(tmp_path):
    model, _ = trained(L2(Linear(0.0, 0.5, steps=24)))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert penalty_report(loaded, show=False).rows[0].strengths == {"l2": 0.25}
