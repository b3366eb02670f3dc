import numpy as np
import pytest
from keras import ops

from kerasreg import _backend
from kerasreg.layers import ShakeShake
from tests.layers.depth.by_hand import numbers, numpy, output_and_gradients, uniform

SHAPE = (40, 41, 13)


def shares(mode, seed=5, step=0):
    """Returns alpha and beta."""
    shape = (1, 1, 1) if mode == "batch" else (SHAPE[0], 1, 1)
    return uniform(seed, step, shape, stream=0), uniform(seed, step, shape, stream=1)


def run(layer):
    first, second, upstream = (numbers(*SHAPE, seed=seed) for seed in range(3))
    y, gradients = output_and_gradients(
        lambda *pair: layer(list(pair), training=True), [first, second], upstream
    )
    return (first, second, upstream), y, gradients


@pytest.fixture(params=[True, False], ids=["kernels", "plain"])
def fused(request):
    _backend.use_fused(request.param)
    yield
    _backend.use_fused(True)


@pytest.mark.parametrize("mode", ["batch", "sample"])
@pytest.mark.parametrize("backward", ["shake", "even", "keep"])
@pytest.mark.parametrize("forward", ["shake", "even"])
def test_forward_and_backward_shares_are_those_of_the_paper(forward, backward, mode, fused):
    layer = ShakeShake(seed=5, alpha=forward, beta=backward, mode=mode)
    alpha, beta = shares(mode)
    alpha = alpha if forward == "shake" else 0.5
    beta = {"shake": beta, "even": 0.5, "keep": alpha}[backward]
    (first, second, upstream), y, gradients = run(layer)
    np.testing.assert_allclose(y, alpha * first + (1 - alpha) * second, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(gradients[0], beta * upstream, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(gradients[1], (1 - beta) * upstream, rtol=1e-5, atol=1e-7)


def test_inference_is_the_mean():
    y = ShakeShake()([ops.full((2, 3), 1.0), ops.full((2, 3), 4.0)])
    np.testing.assert_array_equal(numpy(y), 2.5)


def test_shares_are_spread_evenly_and_apart_from_each_other():
    # n = 2**16 samples. A uniform number has mean 1/2 and variance 1/12; products of two
    # independent ones about their means have the variance 1/144.
    n = 2**16
    layer = ShakeShake(seed=2)
    pair = [np.ones((n, 1), "float32"), np.zeros((n, 1), "float32")]
    alpha, (beta, _) = output_and_gradients(
        lambda *pair: layer(list(pair), training=True), pair, np.ones((n, 1), "float32")
    )
    for share in (alpha, beta):
        assert abs(share.mean() - 0.5) < 5 * (1 / 12 / n) ** 0.5
        assert abs(share.var() - 1 / 12) < 5 * (1 / 180 / n) ** 0.5
    assert abs(np.mean((alpha - 0.5) * (beta - 0.5))) < 5 / 12 / n**0.5


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(dtype):
    layer = ShakeShake(seed=5, dtype=dtype)
    ones = np.ones(SHAPE, "float32")
    y = layer([ones, -ones], training=True)
    alpha, _ = shares("sample")
    tolerance = {"float16": 2e-3, "bfloat16": 1e-2}[dtype]
    np.testing.assert_allclose(
        numpy(y), np.broadcast_to(2 * alpha - 1, SHAPE), atol=tolerance, rtol=0
    )


@pytest.mark.parametrize(
    ("arguments", "name"),
    [({"alpha": "keep"}, "alpha"), ({"beta": "none"}, "beta"), ({"mode": 1}, "mode")],
)
def test_wrong_arguments_are_refused(arguments, name):
    with pytest.raises(ValueError, match=rf"`{name}`.*ShakeShake"):
        ShakeShake(**arguments)


def test_other_inputs_than_two_of_one_shape_are_refused():
    x = np.ones((2, 3), "float32")
    with pytest.raises(ValueError, match=r"\[first branch, second branch\]"):
        ShakeShake()([x, x, x])
    with pytest.raises(TypeError, match="floating-point"):
        ShakeShake()([x.astype("int32"), x.astype("int32")])
    with pytest.raises(ValueError, match=r"`inputs`.*rank 1 or more.*\(ShakeShake\)"):
        ShakeShake()([ops.ones(()), ops.ones(())], training=True)


def test_the_mean_of_large_numbers_is_finite_in_float16():
    large = np.full((2, 3), 40000.0, "float32")
    y = numpy(ShakeShake(dtype="float16")([large, large]))
    np.testing.assert_array_equal(y, 40000.0)
