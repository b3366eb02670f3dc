import keras
import numpy as np
import pytest
from keras import ops

from kerasreg import schedules
from kerasreg.layers import DropPath, StochasticDepth
from tests.layers.depth.by_hand import kept, numbers, numpy, output_and_gradients

# The shortcut H, the residual f and the survival probability of a worked case of the paper's
# equations 2 and 5: ReLU(b f + H) in training, ReLU(p f + H) at test.
SHORTCUT, RESIDUAL, SURVIVAL = [[1.0, -2.0, 3.0]], [[0.5, 4.0, -5.0]], 0.8
TRAINED = {1: [[1.5, 2.0, 0.0]], 0: [[1.0, 0.0, 3.0]]}
TESTED = [[1.4, 1.2, 0.0]]
INVERTED_TRAINED = {1: [[1.625, 3.0, 0.0]], 0: [[1.0, 0.0, 3.0]]}
INVERTED_TESTED = [[1.5, 2.0, 0.0]]


def pair():
    return [ops.convert_to_tensor(SHORTCUT), ops.convert_to_tensor(RESIDUAL)]


@pytest.mark.parametrize("mode", ["batch", "sample"])
@pytest.mark.parametrize(
    ("scaling", "trained", "tested"),
    [("inference", TRAINED, TESTED), ("train", INVERTED_TRAINED, INVERTED_TESTED)],
)
def test_the_paper_and_the_later_form(mode, scaling, trained, tested):
    layer = StochasticDepth(1 - SURVIVAL, seed=3, mode=mode, scaling=scaling)
    seen = set()
    for step in range(12):
        b = int(kept(3, step, (1,), 1 - SURVIVAL)[0])
        seen.add(b)
        y = numpy(ops.relu(layer(pair(), training=True)))
        np.testing.assert_allclose(y, trained[b], rtol=1e-6)
    assert seen == {0, 1}
    y = numpy(ops.relu(layer(pair(), training=False)))
    np.testing.assert_allclose(y, tested, rtol=1e-6)


@pytest.mark.parametrize("mode", ["batch", "sample"])
def test_the_gradient_of_the_shortcut_is_whole_and_that_of_the_residual_b(mode):
    first, second, upstream = (numbers(8, 3, 2, seed=seed) for seed in range(3))
    layer = StochasticDepth(0.5, seed=5, mode=mode)
    b = kept(5, 0, (1, 1, 1) if mode == "batch" else (8, 1, 1), 0.5)
    y, gradients = output_and_gradients(
        lambda *pair: layer(list(pair), training=True), [first, second], upstream
    )
    np.testing.assert_allclose(y, first + b * second, rtol=1e-6)
    np.testing.assert_array_equal(gradients[0], upstream)
    np.testing.assert_allclose(gradients[1], b * upstream, rtol=1e-6)


def test_one_draw_for_the_batch_at_the_rate_asked_for():
    layer = StochasticDepth(0.3, seed=1)
    ones = ops.ones((6, 4))
    draws = []
    for _ in range(400):
        y = numpy(layer([ones, ones], training=True))
        assert y.min() == y.max()
        draws.append(y[0, 0] - 1)
    # n = 400 calls.
    assert abs(np.mean(draws) - 0.7) < 5 * (0.3 * 0.7 / 400) ** 0.5


def test_sample_and_train_is_drop_path_and_an_addition():
    first, second = numbers(8, 3, 2), numbers(8, 3, 2, seed=1)
    merged = StochasticDepth(0.4, seed=5, mode="sample", scaling="train")
    path = DropPath(0.4, seed=5)
    for training in (True, False):
        expected = first + numpy(path(second, training=training))
        np.testing.assert_array_equal(numpy(merged([first, second], training=training)), expected)


def test_as_in_tensorflow_addons():
    # Its default survival probability is 0.5, which is our rate; its test of three numbers.
    layer = StochasticDepth(seed=0)
    pair = [np.array([[0.2, 0.1, 0.4]], "float32"), np.array([[0.2, 0.4, 0.5]], "float32")]
    outcomes = {0.0: [[0.2, 0.1, 0.4]], 1.0: [[0.4, 0.5, 0.9]]}
    for step in range(8):
        expected = outcomes[kept(0, step, (1,), 0.5)[0]]
        np.testing.assert_allclose(numpy(layer(pair, training=True)), expected, rtol=1e-6)
    np.testing.assert_allclose(numpy(layer(pair)), [[0.3, 0.3, 0.65]], rtol=1e-6)


def test_as_in_keras_cv():
    # Inference gives x (1 + 1 - rate) for twice the same input, training x or 2 x.
    x = np.random.default_rng(0).uniform(size=(1, 14, 14, 8)).astype("float32")
    layer = StochasticDepth(rate=0.2, seed=0)
    np.testing.assert_allclose(numpy(layer([x, x], training=False)), 1.8 * x, rtol=1e-6)
    factors = {round(float(numpy(layer([x, x], training=True))[0, 0, 0, 0] / x[0, 0, 0, 0]), 5)}
    for _ in range(20):
        factors.add(round(float(np.mean(numpy(layer([x, x], training=True)) / x)), 5))
    assert factors == {1.0, 2.0}


@pytest.mark.parametrize("mode", ["batch", "sample"])
def test_a_dropped_residual_leaves_the_shortcut_whatever_it_was(mode):
    shortcut = numbers(4, 3)
    layer = StochasticDepth(1.0, mode=mode)
    y = layer([shortcut, ops.full((4, 3), np.nan)], training=True)
    np.testing.assert_array_equal(numpy(y), shortcut)


def test_rate_zero_is_the_addition():
    first, second = numbers(4, 3), numbers(4, 3, seed=1)
    for training in (True, False):
        y = numpy(StochasticDepth(0.0)([first, second], training=training))
        np.testing.assert_array_equal(y, first + second)


def test_a_scheduled_rate_scales_at_inference_as_in_the_last_training_call():
    layer = StochasticDepth(schedules.Linear(0.0, 1.0, steps=4), seed=3)
    zeros, ones = ops.zeros((1, 2)), ops.ones((1, 2))
    for rate in (0.0, 0.25, 0.5, 0.75, 1.0):
        layer([zeros, ones], training=True)
        np.testing.assert_allclose(numpy(layer([zeros, ones])), 1 - rate, rtol=1e-6)
    assert not numpy(layer([zeros, ones], training=True)).any()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(dtype):
    layer = StochasticDepth(0.5, seed=5, mode="sample", scaling="train", dtype=dtype)
    y = layer([ops.ones((8, 3)), ops.ones((8, 3))], training=True)
    assert keras.backend.standardize_dtype(y.dtype) == dtype
    np.testing.assert_array_equal(numpy(y)[:, 0], 1 + 2 * kept(5, 0, (8,), 0.5))


@pytest.mark.parametrize(
    "inputs",
    [
        np.ones((2, 3), "float32"),
        [np.ones((2, 3), "float32")],
        [np.ones((2, 3), "float32")] * 3,
        [np.ones((2, 3), "float32"), np.ones((2, 4), "float32")],
        [np.ones((2, 3), "float32"), np.ones((2, 1, 3), "float32")],
    ],
    ids=["a tensor", "one", "three", "other sizes", "other ranks"],
)
def test_other_inputs_than_two_of_one_shape_are_refused(inputs):
    with pytest.raises(ValueError, match=r"\[shortcut, residual\].*StochasticDepth"):
        StochasticDepth(0.5)(inputs)


def test_residuals_that_are_not_floating_point_are_refused():
    integers = np.ones((2, 3), "int32")
    for training in (True, False):
        with pytest.raises(TypeError, match="floating-point"):
            StochasticDepth(0.5)([integers, integers], training=training)


def test_sizes_that_one_side_knows_are_known():
    layer = StochasticDepth(0.5)
    y = layer([keras.Input((None, 4)), keras.Input((7, None))])
    assert y.shape == (None, 7, 4)


def test_masks_merge_as_in_an_addition():
    x = numbers(2, 3, 4)
    x[1, 1:] = 0
    masked, plain = keras.layers.Masking()(keras.Input((3, 4))), keras.Input((3, 4))
    layer = StochasticDepth(0.5)
    assert layer.compute_mask([masked, plain], [masked._keras_mask, None]) is None
    masks = [np.array([[True, False]]), np.array([[False, False]])]
    merged = layer.compute_mask([x, x], masks)
    np.testing.assert_array_equal(ops.convert_to_numpy(merged), [[True, False]])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"survival_probability": 0.8}, "is the share kept: rate = 1 - .* write rate=0.2"),
        ({"p": 0.2}, "is the share dropped, too: rate = p, so write rate=0.2"),
        ({"mode": "row"}, "'batch', 'sample'"),
        ({"scaling": "test"}, "'train', 'inference'"),
        ({"rate": 1.5}, "between 0 and 1"),
    ],
)
def test_wrong_arguments_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        StochasticDepth(**arguments)


@pytest.mark.parametrize("rate", [0.1, 0.2])
def test_the_factor_at_inference_is_not_rounded_to_half_precision(rate):
    # bfloat16 has 0.8984375 and 0.80078125 for the factors 0.9 and 0.8.
    x = numpy(ops.cast(numbers(20_000), "bfloat16")).astype("float64")
    layer = StochasticDepth(rate, dtype="bfloat16")
    y = numpy(layer([np.zeros(x.shape, "float32"), x.astype("float32")])).astype("float64")
    # Each product is off by at most 2**-9 of itself, on average by nothing.
    assert np.dot(x, y) / np.dot(x, x) == pytest.approx(1 - rate, abs=5 * 2**-9 / 20_000**0.5)


@pytest.mark.parametrize("mode", ["batch", "sample"])
def test_scalars_are_refused(mode):
    with pytest.raises(ValueError, match=r"`inputs`.*rank 1 or more.*\(StochasticDepth\)"):
        StochasticDepth(0.5, mode=mode)([ops.ones(()), ops.ones(())], training=True)
