"""The proximal operators of the sparse penalties."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasreg import regularizers

WEIGHTS = np.array([[3.0, -0.2, 1.0], [-4.0, 0.1, -2.0]])
PENALTIES = {
    "l1": regularizers.L1(0.8),
    "l1_l2": regularizers.L1L2(0.8, 0.3),
    "elastic_net": regularizers.ElasticNet(0.8, 0.25),
    "columns": regularizers.GroupLasso(0.8),
    "rows": regularizers.GroupLasso(2.5, axis=0, size_factor=False),
    "single": regularizers.GroupLasso(0.8, axis=(0, 1)),
    "sparse_group": regularizers.SparseGroupLasso(0.8, 0.25),
    "nothing": regularizers.L1(0.0),
}
every_penalty = pytest.mark.parametrize("penalty", PENALTIES.values(), ids=PENALTIES)


def proximal(penalty, weights, step=0.5, dtype="float32"):
    return ops.convert_to_numpy(penalty.proximal(keras.Variable(weights, dtype=dtype), step))


def value(penalty, weights):
    return float(penalty(ops.convert_to_tensor(weights.astype("float32"))))


@every_penalty
def test_nothing_nearby_has_a_lower_objective(penalty):
    def objective(w):
        return 0.5 * np.sum((w - WEIGHTS) ** 2) + 0.5 * value(penalty, w)

    found, rng = proximal(penalty, WEIGHTS).astype("float64"), np.random.default_rng(0)
    least = objective(found)
    for size in (1e-2, 0.1, 1.0):
        for _ in range(50):
            other = found + size * rng.normal(size=found.shape) * (rng.random(found.shape) < 0.5)
            assert objective(other) >= least - 1e-5


def test_values_by_hand():
    soft = [[2.6, 0.0, 0.6], [-3.6, 0.0, -1.6]]
    np.testing.assert_allclose(proximal(PENALTIES["l1"], WEIGHTS), soft, rtol=1e-6)
    shrunk = np.divide(soft, 1 + 2 * 0.5 * 0.3)
    np.testing.assert_allclose(proximal(PENALTIES["l1_l2"], WEIGHTS), shrunk, rtol=1e-6)
    norms = np.sqrt(np.square(WEIGHTS).sum(0))
    scale = np.maximum(1 - 0.5 * 0.8 * np.sqrt(2) / norms, 0)
    np.testing.assert_allclose(proximal(PENALTIES["columns"], WEIGHTS), WEIGHTS * scale, rtol=1e-6)
    assert (scale == 0).tolist() == [False, True, False]
    norms = np.sqrt(np.square(WEIGHTS).sum(1, keepdims=True))
    scale = 1 - 0.5 * 2.5 / norms
    np.testing.assert_allclose(proximal(PENALTIES["rows"], WEIGHTS), WEIGHTS * scale, rtol=1e-6)


@every_penalty
@pytest.mark.parametrize("shape", [(), (5,), (1, 4), (4, 1), (2, 3, 4, 5)], ids=str)
def test_zero_weights_stay_zero(penalty, shape):
    if penalty is PENALTIES["single"] and len(shape) == 1:
        pytest.skip("weights without a second axis")
    assert not proximal(penalty, np.zeros(shape)).any()


@every_penalty
def test_half_precision_is_widened(penalty):
    found = proximal(penalty, WEIGHTS, dtype="float16")
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, proximal(penalty, WEIGHTS), atol=5e-3)
