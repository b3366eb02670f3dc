import numpy as np
import pytest
from keras import ops

from kerasreg import _backend, schedules
from kerasreg.layers import ShakeDrop
from tests.layers.depth.by_hand import kept, numbers, numpy, output_and_gradients, uniform

SHAPE = (40, 41, 13)
SHAPES = {"batch": (1, 1, 1), "sample": (SHAPE[0], 1, 1), "element": SHAPE}


def factors(mode, level, rate, ranges, seed=5, step=0):
    """Returns b + alpha - b alpha and b + beta - b beta."""
    b = kept(seed, step, SHAPES[mode], rate, stream=0)
    drawn = [
        low + (high - low) * uniform(seed, step, SHAPES[level], stream=stream)
        for stream, (low, high) in enumerate(ranges, start=1)
    ]
    return [b + each - b * each for each in drawn]


@pytest.fixture(params=[True, False], ids=["kernels", "plain"])
def fused(request):
    _backend.use_fused(request.param)
    yield
    _backend.use_fused(True)


@pytest.mark.parametrize("level", ["batch", "sample", "element"])
@pytest.mark.parametrize("mode", ["batch", "sample"])
@pytest.mark.parametrize("ranges", [((-1, 1), (0, 1)), ((0, 0), (0.5, 2.0))], ids=str)
def test_forward_and_backward_factors_are_those_of_the_paper(mode, level, ranges, fused):
    layer = ShakeDrop(0.7, seed=5, alpha=ranges[0], beta=ranges[1], mode=mode, level=level)
    x, upstream = numbers(*SHAPE), numbers(*SHAPE, seed=1)
    for step in range(3):
        y, (gradient,) = output_and_gradients(lambda x: layer(x, training=True), [x], upstream)
        forward, backward = factors(mode, level, 0.7, ranges, step=step)
        np.testing.assert_allclose(y, forward * x, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(gradient, backward * upstream, rtol=1e-5, atol=1e-6)


def test_the_steps_above_have_seen_both_outcomes():
    assert {kept(5, step, (1,), 0.7)[0] for step in range(3)} == {0.0, 1.0}


@pytest.mark.parametrize(
    ("alpha", "expected"), [((-1, 1), 0.75), ((0, 1), 0.875), ((0, 0), 0.75), ((1, 3), 1.25)]
)
def test_inference_multiplies_by_the_expectation(alpha, expected):
    # E[b + alpha - b alpha] = 0.75 + 0.25 E[alpha].
    y = ShakeDrop(0.25, alpha=alpha)(ops.ones((2, 3)))
    np.testing.assert_allclose(numpy(y), expected, rtol=1e-6)


def test_the_mean_over_training_is_the_factor_at_inference():
    # n = 2**18 samples. b + alpha - b alpha is 1 with probability 0.6, else alpha of (-1, 1):
    # mean 0.6, variance 0.6 + 0.4 / 3 - 0.36.
    n = 2**18
    y = numpy(ShakeDrop(0.4, seed=1, mode="sample")(np.ones((n, 1), "float32"), training=True))
    assert abs(y.mean(dtype="float64") - 0.6) < 5 * ((0.6 + 0.4 / 3 - 0.36) / n) ** 0.5


def test_a_scheduled_rate_holds_in_training_and_at_inference():
    layer = ShakeDrop(schedules.Linear(0.0, 1.0, steps=2), seed=3, alpha=(0, 0))
    ones = ops.ones((1, 2))
    outputs = [(numpy(layer(ones, training=True))[0, 0], numpy(layer(ones))[0, 0])]
    for _ in range(2):
        outputs.append((numpy(layer(ones, training=True))[0, 0], numpy(layer(ones))[0, 0]))
    b = [1.0, kept(3, 1, (1,), 0.5)[0], 0.0]
    np.testing.assert_allclose(outputs, np.transpose([b, [1.0, 0.5, 0.0]]), rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(dtype):
    layer = ShakeDrop(0.7, seed=5, mode="sample", dtype=dtype)
    y = layer(np.ones(SHAPE, "float32"), training=True)
    forward, _ = factors("sample", "sample", 0.7, [(-1, 1), (0, 1)])
    tolerance = {"float16": 2.0**-11, "bfloat16": 2.0**-8}[dtype]
    expected = np.broadcast_to(forward, SHAPE)
    np.testing.assert_allclose(numpy(y), expected, rtol=tolerance, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ({"alpha": (1, -1)}, ValueError, "alpha"),
        ({"alpha": (0, 1, 2)}, ValueError, "alpha"),
        ({"beta": 1.0}, TypeError, "beta"),
        ({"beta": (0, np.nan)}, ValueError, "beta"),
        ({"level": "pixel"}, ValueError, "level"),
        ({"mode": "element"}, ValueError, "mode"),
        ({"p_drop": 0.5}, ValueError, "p_drop"),
        ({"rate": -0.1}, ValueError, "rate"),
    ],
)
def test_wrong_arguments_are_refused(arguments, error, name):
    with pytest.raises(error, match=rf"`{name}`.*ShakeDrop"):
        ShakeDrop(**arguments)


def test_the_factor_at_inference_is_not_rounded_to_half_precision():
    # bfloat16 has 0.80078125 for the factor 0.8.
    x = numpy(ops.cast(numbers(20_000), "bfloat16")).astype("float64")
    y = numpy(ShakeDrop(0.2, dtype="bfloat16")(x.astype("float32"))).astype("float64")
    # Each product is off by at most 2**-9 of itself, on average by nothing.
    assert np.dot(x, y) / np.dot(x, x) == pytest.approx(0.8, abs=5 * 2**-9 / 20_000**0.5)


def test_a_scalar_is_refused():
    with pytest.raises(ValueError, match=r"`inputs`.*rank 1 or more.*\(ShakeDrop\)"):
        ShakeDrop(0.5)(ops.ones(()), training=True)
