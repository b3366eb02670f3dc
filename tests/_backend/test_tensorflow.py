"""Kernels in every place where TensorFlow code runs; elsewhere there is nothing to test."""

import os
import subprocess
import sys
from collections import defaultdict

import keras
import numpy as np
import pytest

import kerasreg
from kerasreg import _random
from tests._random.reference import words

if keras.backend.backend() != "tensorflow":
    pytest.skip("the TensorFlow backend", allow_module_level=True)

import tensorflow as tf

from kerasreg._backend import tensorflow as backend

SHAPE = (130, 200)  # above the smallest kernel


def keep(step, shape=SHAPE, seed=3, rate=0.5, replica=0):
    return words(seed, step, shape, replica=replica) >= round(rate * 2**32)


@pytest.fixture
def layer():
    return kerasreg.layers.Dropout(0.5, seed=3)


@pytest.fixture
def kernels(monkeypatch):
    """The names of the functions that run as kernels during the test."""
    seen = []
    original = backend._graph

    def recorded(function, signature, static, kernel):
        if kernel:
            seen.append(function.__name__)
        return original(function, signature, static, kernel)

    monkeypatch.setattr(backend, "_graph", recorded)
    # Eager calls of other tests in this process count towards the limit of shapes.
    monkeypatch.setattr(backend, "_eager_shapes", defaultdict(set))
    return seen


def drops(layer, x):
    return np.asarray(layer(x, training=True)) != 0


def test_large_tensors_take_a_kernel_and_small_ones_do_not(layer, kernels):
    drops(layer, tf.ones((10, 10)))
    assert kernels == []
    drops(layer, tf.ones(SHAPE))
    assert kernels == ["_dropped"]


def test_plain_operations_can_be_forced(layer, kernels):
    backend.use_fused(False)
    try:
        np.testing.assert_array_equal(drops(layer, tf.ones(SHAPE)), keep(0))
    finally:
        backend.use_fused(True)
    assert kernels == []


def test_plain_operations_can_be_forced_from_outside():
    code = "from kerasreg._backend import tensorflow as b; assert not b._settings['fused']"
    environment = {**os.environ, "KERASREG_FUSED": "0", "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def test_without_xla_plain_operations_run(layer, kernels, monkeypatch):
    monkeypatch.setattr(backend, "xla_works", lambda: False)
    np.testing.assert_array_equal(drops(layer, tf.ones(SHAPE)), keep(0))
    assert kernels == []


@pytest.mark.parametrize(
    ("spec", "fuses"),
    [((None, 200), True), ((130, None), False), ((None, None), False)],
)
def test_only_an_unknown_batch_still_takes_a_kernel(layer, kernels, spec, fuses):
    @tf.function(input_signature=[tf.TensorSpec(spec, tf.float32)])
    def step(x):
        return layer(x, training=True)

    np.testing.assert_array_equal(step(tf.ones(SHAPE)).numpy() != 0, keep(0))
    assert bool(kernels) == fuses


@pytest.mark.parametrize("noise_shape", [None, (None, 1)])
def test_an_unknown_rank_takes_plain_operations(kernels, noise_shape):
    layer = kerasreg.layers.Dropout(0.5, noise_shape=noise_shape, seed=3)
    specs = [tf.TensorSpec(None, tf.float32)]
    step = tf.function(lambda x: layer(x, training=True), input_signature=specs)
    drawn = SHAPE if noise_shape is None else (SHAPE[0], 1)
    expected = np.broadcast_to(keep(0, drawn), SHAPE)
    np.testing.assert_array_equal(step(tf.ones(SHAPE)).numpy() != 0, expected)
    assert kernels == []


def test_one_trace_serves_every_batch_size(layer):
    step = tf.function(lambda x: layer(x, training=True), reduce_retracing=True)
    concrete = step.get_concrete_function(tf.TensorSpec((None, 200), tf.float32))
    assert concrete.structured_outputs.shape.as_list() == [None, 200]
    for number, batch in enumerate((1, 100, 131)):
        found = concrete(tf.ones((batch, 200))).numpy() != 0
        np.testing.assert_array_equal(found, keep(number, (batch, 200)))


def test_eager_calls_of_many_shapes_stop_compiling(layer, kernels, monkeypatch):
    monkeypatch.setattr(backend, "_eager_shapes", backend.defaultdict(set))
    monkeypatch.setattr(backend, "EAGER_SHAPES", 2)
    for size in (90, 91, 92, 91):
        drops(layer, tf.ones((200, size)))
    assert kernels == ["_dropped"] * 3
    monkeypatch.setattr(backend, "EAGER_SHAPES", 1)
    drops(layer, tf.ones((200, 93)))
    assert kernels == ["_dropped"] * 3


@pytest.mark.parametrize("jit_compile", [None, True])
def test_graph_and_xla_draw_the_mask_of_numpy(layer, jit_compile):
    step = tf.function(lambda x: layer(x, training=True), jit_compile=jit_compile)
    for number in range(2):
        np.testing.assert_array_equal(step(tf.ones(SHAPE)).numpy() != 0, keep(number))


@pytest.mark.parametrize("mode", ["eager", "graph", "xla"])
@pytest.mark.parametrize("shape", [(10, 10), SHAPE], ids=["plain", "kernel"])
def test_gradients_of_first_and_second_order_belong_to_the_mask(layer, mode, shape):
    def derivatives(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(layer(x, training=True) ** 3)
            first = inner.gradient(y, x)
        return first, outer.gradient(first, x)

    if mode != "eager":
        derivatives = tf.function(derivatives, jit_compile=mode == "xla")
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    first, second = derivatives(tf.constant(x))
    scaled = 2.0 * keep(0, shape)
    np.testing.assert_allclose(first, 3 * x**2 * scaled**3, rtol=1e-5)
    np.testing.assert_allclose(second, 6 * x * scaled**3, rtol=1e-5)


def test_a_jacobian_by_vectorized_map(layer):
    layer.build((20, 1000))
    with tf.GradientTape() as tape:
        x = tf.ones((20, 1000))
        tape.watch(x)
        y = tf.reduce_sum(layer(x, training=True), axis=1)
    jacobian = tape.jacobian(y, x)
    assert jacobian.shape == (20, 20, 1000)
    np.testing.assert_array_equal(tf.einsum("iij->ij", jacobian).numpy(), 2.0 * keep(0, (20, 1000)))


def test_inside_vectorized_map():
    key = tf.constant([1, 2, 3, 4], tf.uint32)
    limit = _random.limit(0.5)
    drop = kerasreg.layers.dropout.dropout.drop
    x = tf.ones((4, 130, 200))
    together = tf.vectorized_map(lambda each: drop(each, key, limit, 2.0), x)
    np.testing.assert_array_equal(together[3].numpy(), drop(x[0], key, limit, 2.0).numpy())


def test_inside_dataset_map(layer):
    data = tf.data.Dataset.from_tensors(tf.ones(SHAPE)).repeat(2)
    masks = [y.numpy() != 0 for y in data.map(lambda x: layer(x, training=True))]
    np.testing.assert_array_equal(masks, [keep(0), keep(1)])


@pytest.mark.parametrize("arguments", [{}, {"jit_compile": True}, {"steps_per_execution": 2}])
def test_fit_advances_one_step_a_batch_and_draws_the_same_masks(arguments):
    model = keras.Sequential(
        [
            keras.Input((200,)),
            kerasreg.layers.Dropout(0.5, seed=3),
            keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros"),
        ]
    )
    # With a target of 1 and weights near 0 a step of mean absolute error moves each weight by the
    # mean of its input: that shows the masks.
    model.compile(keras.optimizers.SGD(1e-6), loss="mean_absolute_error", **arguments)
    model.fit(np.ones((520, 200)), np.ones((520, 1)), batch_size=130, shuffle=False, verbose=0)
    assert model.layers[0].seed_generator.state.numpy().tolist() == [3, 4]
    moved = 1e-6 * sum(2.0 * keep(step).mean(axis=0) for step in range(4))
    np.testing.assert_allclose(model.get_weights()[0][:, 0], moved, rtol=1e-4)


def test_an_exported_model_has_no_random_operation(tmp_path):
    model = keras.Sequential([keras.Input((200,)), kerasreg.layers.Dropout(0.5, seed=3)])
    model(tf.ones(SHAPE), training=True)
    model.export(tmp_path / "exported", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "exported"))
    np.testing.assert_array_equal(served.serve(tf.ones(SHAPE)).numpy(), 1.0)
    names = {node.op for node in served.serve.concrete_functions[0].graph.as_graph_def().node}
    assert not {name for name in names if "Random" in name or "Bitwise" in name}


REPLICAS = """
import numpy as np, tensorflow as tf
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
import keras, kerasreg
from tests._random.reference import words
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    layer = kerasreg.layers.Dropout(0.5, seed=3)
    model = keras.Sequential([keras.Input((200,)), layer, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
step = tf.function(lambda: strategy.run(lambda: layer(tf.ones((130, 200)), training=True)))
for number in range(2):
    for replica, found in enumerate(strategy.experimental_local_results(step())):
        expected = words(3, number, (130, 200), replica=replica) >= 2**31
        np.testing.assert_array_equal(found.numpy() != 0, expected)
model.fit(np.ones((520, 200)), np.ones((520, 1)), batch_size=260, verbose=0)
assert layer.seed_generator.state.numpy().tolist() == [3, 4]
"""


def test_every_replica_draws_its_own_mask_and_the_state_stays_in_step():
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([sys.executable, "-c", REPLICAS], env=environment, check=True)


def test_eager_calls_of_many_shapes_warn_of_no_retracing(caplog):
    logger = tf.get_logger()
    logger.addHandler(caplog.handler)
    try:
        for size in range(1, 13):
            kerasreg.layers.Dropout(0.5, seed=1)(tf.ones((3, size)), training=True)
    finally:
        logger.removeHandler(caplog.handler)
    assert "retracing" not in caplog.text


def test_every_number_of_bfloat16_is_scaled_and_rounded_to_even(kernels):
    x = np.arange(2**16, dtype="uint16").view(tf.bfloat16.as_numpy_dtype).reshape(256, 256)
    x[np.abs(x.astype("float32")) < 2.0**-125] = 1  # TensorFlow takes subnormal numbers for 0
    layer = kerasreg.layers.Dropout(0.1, seed=3, dtype="bfloat16")
    y = np.asarray(layer(tf.constant(x), training=True))
    with np.errstate(all="ignore"):
        scaled = (x.astype("float32") * np.float32(1 / 0.9)).astype(x.dtype)
    kept = keep(0, x.shape, rate=0.1)
    np.testing.assert_array_equal(y.astype("float32"), np.where(kept, scaled.astype("float32"), 0))
    assert kernels == ["_dropped"]


def test_in_bfloat16_a_nan_with_all_bits_set_but_the_sign_stays_one(kernels):
    # What NVIDIA's GPUs give for every NaN; then those of other processors, and infinity.
    bits = np.array([0x7FFFFFFF, 0x7FC00000, 0xFFC00000, 0x7F800000, 0xFF800000], "uint32")

    def narrowed(bits):
        return backend.rounded(tf.bitcast(bits, tf.float32), tf.bfloat16)

    signature = (tf.TensorSpec(bits.shape, tf.uint32),)
    found = backend._graph(narrowed, signature, {}, True)(bits)
    expected = np.array([np.nan, np.nan, np.nan, np.inf, -np.inf], "float32")
    np.testing.assert_array_equal(tf.cast(found, tf.float32), expected)
    assert kernels == ["narrowed"]
