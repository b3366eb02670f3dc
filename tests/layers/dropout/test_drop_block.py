import itertools
import math

import keras
import numpy as np
import pytest
from keras import ops

import kerasreg
from kerasreg import _backend, _random, schedules
from kerasreg.layers.dropout._blocks import (
    bits_per_integer,
    draw,
    drop_blocks_of,
    grow,
    packed,
    seed_limit,
    seed_rate,
    unpacked,
)
from tests._random.reference import words

LAYERS = {
    1: kerasreg.layers.DropBlock1D,
    2: kerasreg.layers.DropBlock2D,
    3: kerasreg.layers.DropBlock3D,
}
on_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="only TensorFlow traces with unknown sizes"
)

# Sizes of the map, size of a block, channels.
MAPS = [
    ((5,), (3,), 1),
    ((40,), (4,), 33),
    ((9, 14), (7, 7), 3),
    ((14, 9), (2, 5), 20),
    ((8, 8), (1, 1), 64),
    ((6, 7), (6, 3), 8),
    ((4, 6), (9, 2), 5),
    ((3, 3), (7, 7), 40),
    ((4, 5, 6), (2, 3, 2), 16),
]


@pytest.fixture(params=["as decided", "kernels", "plain"])
def mode(request, monkeypatch):
    if request.param == "kernels":
        monkeypatch.setattr(_backend.backend, "SMALLEST_KERNEL", 0, raising=False)
    _backend.use_fused(request.param != "plain")
    yield request.param
    _backend.use_fused(True)


def gamma_of(rate, sizes, block):
    """Equation 1 of the paper, one factor for each axis."""
    for size, length in zip(sizes, np.minimum(sizes, block), strict=True):
        rate = rate * size / length / (size - length + 1)
    return rate


def blocks_of(seeds, sizes, block):
    """The positions within a block, for seeds of shape (batch, places on each axis, channels)."""
    dropped = np.zeros((seeds.shape[0], *sizes, seeds.shape[-1]), bool)
    for example, *corner, channel in zip(*np.nonzero(seeds), strict=True):
        inside = tuple(slice(c, c + n) for c, n in zip(corner, block, strict=True))
        dropped[(example, *inside, channel)] = True
    return dropped


def expected_blocks(seed, step, batch, sizes, block, channels, rate):
    places = [s - min(s, b) + 1 for s, b in zip(sizes, block, strict=True)]
    limit = round(float(np.float32(gamma_of(rate, sizes, block))) * 2**32)
    return blocks_of(words(seed, step, (batch, *places, channels)) < limit, sizes, block)


def numpy(x):
    return ops.convert_to_numpy(ops.cast(x, "float32"))


def dropped_by(layer, shape, dtype="float32"):
    return numpy(layer(ops.ones(shape, dtype), training=True)) == 0


def with_seeds(x, seeds, block):
    """The pure function on a hand-made mask of seeds, channels last."""
    axis = len(x.shape) - 1
    bits = bits_per_integer(x.shape[-1], shared=seeds.shape[-1] == 1)
    integers = packed(ops.convert_to_tensor(seeds), axis=axis, bits=bits)
    x = ops.convert_to_tensor(x, "float32")
    return numpy(drop_blocks_of(integers, x, block=block, axis=axis, bits=bits, dtype="float32"))


@pytest.mark.parametrize(
    ("keep_prob", "block_size", "size", "gamma"),
    [(0.9, 7, 14, 0.00625), (0.9, 3, 5, 0.1 * 25 / 81), (0.75, 1, 8, 0.25), (0.9, 7, 7, 0.1)],
)
def test_gamma_is_that_of_the_paper(keep_prob, block_size, size, gamma):
    found = seed_rate(1 - keep_prob, (size, size), (block_size, block_size))
    assert found == pytest.approx(gamma, abs=1e-12)


def test_gamma_of_a_map_and_a_block_that_are_not_square():
    # rate * H * W / (h * w) / ((H - h + 1) * (W - w + 1))
    assert seed_rate(0.2, (10, 6), (4, 3)) == pytest.approx(0.2 * 60 / 12 / (7 * 4), abs=1e-15)


def test_gamma_is_never_above_the_rate():
    for size, length in itertools.product(range(1, 12), range(1, 15)):
        gamma = seed_rate(0.3, (size,), (length,))
        assert 0 < gamma <= 0.3 * (1 + 1e-15)
        if length == 1 or length >= size:
            assert gamma == pytest.approx(0.3, abs=1e-15)


@pytest.mark.parametrize(("sizes", "block", "channels"), MAPS, ids=str)
def test_output_is_that_of_numpy(sizes, block, channels, mode):
    shape = (3, *sizes, channels)
    layer = LAYERS[len(sizes)](0.3, block, seed=11, data_format="channels_last")
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    for step in range(2):
        keep = ~expected_blocks(11, step, 3, sizes, block, channels, 0.3)
        expected = np.where(keep, x * keep.size / max(keep.sum(), 1), 0)
        np.testing.assert_allclose(numpy(layer(x, training=True)), expected, rtol=1e-6)


@pytest.mark.parametrize("channels", [1, 6, 64])
def test_channels_first(channels, mode):
    layer = kerasreg.layers.DropBlock2D(0.3, (2, 3), seed=5, data_format="channels_first")
    found = dropped_by(layer, (3, channels, 9, 7))
    seeds = words(5, 0, (3, channels, 8, 5)) < round(
        float(np.float32(gamma_of(0.3, (9, 7), (2, 3)))) * 2**32
    )
    expected = blocks_of(np.moveaxis(seeds, 1, -1), (9, 7), (2, 3))
    np.testing.assert_array_equal(np.moveaxis(found, 1, -1), expected)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_one_mask_for_all_channels(data_format, mode):
    layer = kerasreg.layers.DropBlock2D(
        0.3, (2, 3), seed=5, data_format=data_format, per_channel=False
    )
    last = data_format == "channels_last"
    found = dropped_by(layer, (3, 9, 7, 40) if last else (3, 40, 9, 7))
    found = found if last else np.moveaxis(found, 1, -1)
    expected = expected_blocks(5, 0, 3, (9, 7), (2, 3), 1, 0.3)
    np.testing.assert_array_equal(found, np.broadcast_to(expected, (3, 9, 7, 40)))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_the_mask_does_not_depend_on_the_precision(dtype, mode):
    layer = kerasreg.layers.DropBlock2D(0.1, 3, seed=2, dtype=dtype, data_format="channels_last")
    found = dropped_by(layer, (4, 20, 15, 32), dtype)
    np.testing.assert_array_equal(found, expected_blocks(2, 0, 4, (20, 15), (3, 3), 32, 0.1))


def test_one_seed():
    # The paper's Algorithm 1 on a map of 5 by 5 with a block of 3 around the centre.
    x = np.arange(1.0, 26.0).reshape(1, 5, 5, 1)
    seeds = np.zeros((1, 3, 3, 1), bool)
    seeds[0, 1, 1, 0] = True
    mask = np.ones((5, 5))
    mask[1:4, 1:4] = 0
    expected = np.arange(1.0, 26.0).reshape(5, 5) * mask * 25 / 16
    np.testing.assert_allclose(with_seeds(x, seeds, (3, 3))[0, :, :, 0], expected, rtol=1e-6)


def test_two_overlapping_seeds():
    # Blocks of 3 by 3 around (1, 1) and (2, 2) share 4 positions: 14 of 25 are dropped.
    x = np.full((1, 5, 5, 1), 2.0)
    seeds = np.zeros((1, 3, 3, 1), bool)
    seeds[0, 0, 0, 0] = seeds[0, 1, 1, 0] = True
    mask = np.array(
        [[0, 0, 0, 1, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [1, 0, 0, 0, 1], [1, 1, 1, 1, 1]]
    )
    expected = 2.0 * mask * 25 / 11
    np.testing.assert_allclose(with_seeds(x, seeds, (3, 3))[0, :, :, 0], expected, rtol=1e-6)


def test_the_scale_is_counted_over_the_whole_batch_and_all_channels():
    seeds = np.zeros((2, 1, 3, 2), bool)
    seeds[0, 0, 1, 1] = True
    y = with_seeds(np.ones((2, 2, 4, 2)), seeds, (2, 2))
    assert (y == 0).sum() == 4
    np.testing.assert_allclose(y[y != 0], 32 / 28, rtol=1e-6)


@pytest.mark.parametrize(
    ("sizes", "block"), [((9,), (4,)), ((7, 10), (3, 4)), ((6, 6), (2, 6)), ((4, 5, 3), (2, 2, 3))]
)
def test_every_seed_drops_one_whole_block_that_begins_at_it(sizes, block):
    places = [s - b + 1 for s, b in zip(sizes, block, strict=True)]
    count = math.prod(places)
    seeds = np.eye(count, dtype=bool).reshape(count, *places, 1)
    dropped = with_seeds(np.ones((count, *sizes, 1)), seeds, block)[..., 0] == 0
    for corner, each in zip(np.ndindex(*places), dropped, strict=True):
        assert each.sum() == math.prod(block)
        inside = tuple(slice(c, c + b) for c, b in zip(corner, block, strict=True))
        assert each[inside].all()


@pytest.mark.parametrize(
    ("rate", "sizes", "block"),
    [
        (0.3, (12,), (4,)),
        (0.1, (14, 14), (7, 7)),
        (0.5, (9, 6), (2, 5)),
        (0.01, (8, 8), (3, 3)),
        (0.2, (6, 5, 4), (2, 3, 2)),
        (1.0, (8, 8), (3, 3)),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_the_share_dropped_is_that_of_the_theory(rate, sizes, block, dtype):
    gamma = gamma_of(rate, sizes, block)
    covering = np.ones(sizes)
    for axis, (size, length) in enumerate(zip(sizes, block, strict=True)):
        p = np.arange(size)
        n = np.minimum(p, size - length) - np.maximum(p - length + 1, 0) + 1
        covering *= n.reshape([-1 if i == axis else 1 for i in range(len(sizes))])
    expected = (1 - (1 - gamma) ** covering).mean()
    # 16384 maps are independent, so their spread gives the error of the mean.
    layer = LAYERS[len(sizes)](rate, block, seed=3, dtype=dtype, data_format="channels_last")
    dropped = dropped_by(layer, (256, *sizes, 64), dtype)
    shares = dropped.mean(axis=tuple(range(1, len(sizes) + 1))).ravel()
    error = shares.std() / np.sqrt(shares.size)
    assert abs(shares.mean() - expected) < 5 * error
    assert expected <= rate


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_dropped_nan_and_infinity_become_zero_and_kept_ones_stay(bad, dtype, mode):
    layer = kerasreg.layers.DropBlock2D(0.3, 3, seed=2, dtype=dtype, data_format="channels_last")
    y = numpy(layer(ops.cast(ops.full((4, 8, 9, 40), bad), dtype), training=True))
    dropped = expected_blocks(2, 0, 4, (8, 9), (3, 3), 40, 0.3)
    assert (y[dropped] == 0).all()
    np.testing.assert_array_equal(y[~dropped], np.float32(bad))


@pytest.mark.parametrize("block_size", [1, 6, 100])
@pytest.mark.parametrize("per_channel", [True, False])
def test_a_mask_that_drops_everything_gives_zeros(block_size, per_channel, mode):
    layer = kerasreg.layers.DropBlock2D(
        1.0, block_size, per_channel=per_channel, data_format="channels_last"
    )
    x = ops.full((4, 6, 6, 33), np.nan)
    np.testing.assert_array_equal(numpy(layer(x, training=True)), 0.0)


def test_rate_zero_gives_the_input():
    x = ops.ones((2, 4, 4, 3))
    assert kerasreg.layers.DropBlock2D(0.0, 3)(x, training=True) is x


@pytest.mark.parametrize("block_size", [6, 10, 10**9])
def test_a_block_as_large_as_the_map_drops_whole_maps(block_size, mode):
    layer = kerasreg.layers.DropBlock2D(0.25, block_size, seed=1, data_format="channels_last")
    dropped = dropped_by(layer, (32, 6, 5, 64))
    expected = words(1, 0, (32, 1, 1, 64)) < 2**30
    np.testing.assert_array_equal(dropped, np.broadcast_to(expected, dropped.shape))


def test_a_batch_of_nothing_stays_one():
    layer = kerasreg.layers.DropBlock2D(0.25, 3)
    assert tuple(ops.shape(layer(ops.ones((0, 6, 5, 64)), training=True))) == (0, 6, 5, 64)


def test_a_scheduled_rate_follows_the_layers_own_training_calls():
    rate = schedules.Linear(0.0, 1.0, steps=4)
    layer = kerasreg.layers.DropBlock2D(rate, 2, seed=3, data_format="channels_last")
    x = ops.ones((8, 6, 6, 8))
    for step in range(6):
        layer(x, training=False)
        found = dropped_by(layer, (8, 6, 6, 8))
        # The limit comes from float32 numbers: rates of quarters, times 36 / 100.
        gamma = np.float32(min(step / 4, 1)) * np.float32(0.36)
        seeds = words(3, step, (8, 5, 5, 8)) < round(float(gamma) * 2**32)
        np.testing.assert_array_equal(found, blocks_of(seeds, (6, 6), (2, 2)))


def test_the_gradient_passes_where_the_output_did_with_the_same_scale():
    x = np.random.default_rng(1).normal(size=(4, 9, 7, 40)).astype("float32")
    upstream = np.random.default_rng(2).normal(size=x.shape).astype("float32")
    layer = kerasreg.layers.DropBlock2D(0.3, 3, seed=8, data_format="channels_last")
    found = gradient(layer, x, upstream)
    keep = ~expected_blocks(8, 0, 4, (9, 7), (3, 3), 40, 0.3)
    expected = np.where(keep, upstream * keep.size / keep.sum(), 0)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def gradient(layer, x, upstream):
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        x = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=True)
        return tape.gradient(y, x, output_gradients=tf.constant(upstream)).numpy()
    if backend == "jax":
        import jax

        _, pull = jax.vjp(lambda x: layer(x, training=True), x)
        return np.asarray(pull(upstream)[0])
    import torch

    x = torch.tensor(x, requires_grad=True)
    layer(x, training=True).backward(torch.tensor(upstream))
    return x.grad.numpy()


@pytest.mark.parametrize("channels", [8, 16, 24, 32, 40, 48, 64])
def test_the_gradient_keeps_one_bit_per_value(channels):
    x = ops.ones((2, 6, 5, channels))
    bits = bits_per_integer(channels, shared=False)
    key, _ = _random.next_key(keras.random.SeedGenerator(1), None)
    at = {"block": (3, 2), "axis": 3}
    seeds = draw(x, key, seed_limit(0.1), bits=bits, shared=False, **at)
    blocks = grow(x, seeds, **at)
    assert keras.backend.standardize_dtype(blocks.dtype) == f"int{bits}"
    assert math.prod(ops.shape(blocks)) * bits == 2 * 6 * 5 * channels


@pytest.mark.parametrize("channels", [2, 7, 8, 9, 16, 24, 32, 33, 48, 64])
@pytest.mark.parametrize("axis", [1, 3])
def test_packing_loses_nothing(channels, axis):
    shape = [3, 4, 5, 6]
    shape[axis] = channels
    seeds = np.random.default_rng(channels).random(shape) < 0.5
    bits = bits_per_integer(channels, shared=False)
    integers = packed(ops.convert_to_tensor(seeds), axis=axis, bits=bits)
    found = ops.convert_to_numpy(unpacked(integers, axis=axis, bits=bits, channels=channels))
    np.testing.assert_array_equal(found, seeds)


@on_tensorflow
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("rate", [0.3, schedules.Constant(0.3)], ids=["number", "schedule"])
def test_graphs_and_unknown_sizes_give_the_mask_of_eager_calls(rate, jit_compile, data_format):
    import tensorflow as tf

    shape = (4, 12, 10, 40)
    arguments = {"block_size": (3, 4), "seed": 6, "data_format": data_format}
    x = tf.random.stateless_normal(shape, (1, 2))
    expected = kerasreg.layers.DropBlock2D(rate, **arguments)(x, training=True).numpy()
    axis = -1 if data_format == "channels_last" else 1
    channels_known = [n if i == axis % 4 else None for i, n in enumerate(shape)]
    for signature in (shape, (None, *shape[1:]), channels_known, (None,) * 4):
        layer = kerasreg.layers.DropBlock2D(rate, **arguments)
        layer.build(shape)
        call = tf.function(
            lambda x, layer=layer: layer(x, training=True),
            input_signature=[tf.TensorSpec(signature)],
            jit_compile=jit_compile,
        )
        np.testing.assert_array_equal(call(x).numpy(), expected)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (kerasreg.layers.DropBlock1D(0.1, 2), (2, 4, 4, 3)),
        (kerasreg.layers.DropBlock2D(0.1, 2), (2, 4, 3)),
        (kerasreg.layers.DropBlock3D(0.1, 2), (2, 4, 4, 3)),
    ],
)
def test_an_input_of_another_rank_is_refused(layer, shape):
    with pytest.raises(ValueError, match=r"`input_shape`\. Expected a shape of rank"):
        layer(ops.ones(shape))


def test_integers_are_refused():
    with pytest.raises(TypeError, match="Expected floating-point numbers"):
        kerasreg.layers.DropBlock2D(0.1, 2)(ops.ones((2, 4, 4, 3), "int32"), training=True)


@pytest.mark.parametrize("block_size", [3, (3, 4), [3, 4]])
def test_the_block_size_round_trips(block_size):
    layer = kerasreg.layers.DropBlock2D(0.1, block_size)
    again = kerasreg.layers.DropBlock2D.from_config(layer.get_config())
    assert again.block_size == layer.block_size == (3 if block_size == 3 else (3, 4))
