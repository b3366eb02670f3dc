"""What dropout variants and noise layers have in common: modes, masks, schedules, bad arguments."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasreg import _backend, layers, schedules

LAYERS = [
    (layers.SpatialDropout1D, "rate", (8, 65, 17)),
    (layers.SpatialDropout2D, "rate", (8, 9, 10, 17)),
    (layers.SpatialDropout3D, "rate", (8, 3, 5, 6, 17)),
    (layers.AlphaDropout, "rate", (90, 100)),
    (layers.FeatureAlphaDropout, "rate", (8, 9, 10, 17)),
    (layers.GaussianDropout, "rate", (90, 100)),
    (layers.GaussianNoise, "stddev", (90, 100)),
    (layers.DropPath, "rate", (64, 9, 10, 17)),
    (layers.ShakeDrop, "rate", (64, 9, 10, 17)),
]
# Keras on JAX computes in float32 unless JAX itself is told otherwise.
DOUBLE = [] if keras.config.backend() == "jax" else ["float64"]
every_layer = pytest.mark.parametrize(
    ("cls", "strength", "shape"), LAYERS, ids=[row[0].__name__ for row in LAYERS]
)
only_tensorflow = pytest.mark.skipif(
    keras.config.backend() != "tensorflow", reason="written with tf.function"
)


def numbers(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def numpy(tensor):
    return ops.convert_to_numpy(tensor)


@only_tensorflow
@every_layer
def test_the_draw_is_the_same_in_eager_calls_graphs_and_xla(cls, strength, shape):
    import tensorflow as tf

    def drawn(wrap):
        layer = cls(**{strength: 0.3}, seed=5)
        return numpy(wrap(lambda x: layer(x, training=True))(x))

    x = tf.constant(numbers(*shape))
    expected = drawn(lambda call: call)
    graph = drawn(tf.function)
    xla = drawn(lambda call: tf.function(call, jit_compile=True))
    _backend.use_fused(False)
    try:
        plain, plain_graph = drawn(lambda call: call), drawn(tf.function)
    finally:
        _backend.use_fused(True)
    for found in (graph, xla, plain, plain_graph):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@only_tensorflow
@every_layer
def test_the_draw_on_an_unknown_number_of_rows_is_that_on_the_known(cls, strength, shape):
    import tensorflow as tf

    x = numbers(*shape)
    known, unknown = (cls(**{strength: 0.3}, seed=5) for _ in range(2))
    signature = [tf.TensorSpec((None, *shape[1:]))]
    call = tf.function(lambda x: unknown(x, training=True), input_signature=signature)
    for _ in range(2):
        expected = numpy(known(x, training=True))
        np.testing.assert_allclose(numpy(call(x)), expected, rtol=1e-5, atol=1e-5)


@every_layer
def test_the_strength_follows_a_schedule_of_the_training_calls(cls, strength, shape):
    x = numbers(*shape)
    scheduled = cls(**{strength: schedules.Linear(0.0, 0.5, steps=2)}, seed=5)
    constant = cls(**{strength: 0.5}, seed=5)
    found, expected = [
        [numpy(layer(x, training=True)) for _ in range(4)] for layer in (scheduled, constant)
    ]
    np.testing.assert_allclose(found[0], x, rtol=1e-6)
    assert not np.allclose(found[1], expected[1])
    for step in (2, 3):
        np.testing.assert_allclose(found[step], expected[step], rtol=1e-5, atol=1e-5)
    assert cls.from_config(scheduled.get_config()).get_config() == scheduled.get_config()


@every_layer
def test_a_strength_set_on_a_layer_made_with_zero_is_used(cls, strength, shape):
    layer = cls(**{strength: 0.0}, seed=5)
    x = numbers(*shape)
    np.testing.assert_array_equal(numpy(layer(x, training=True)), x)
    setattr(layer, strength, 0.5)
    expected = numpy(cls(**{strength: 0.5}, seed=5)(x, training=True))
    np.testing.assert_array_equal(numpy(layer(x, training=True)), expected)


@every_layer
def test_a_mask_passes_through(cls, strength, shape):
    seen = []

    class Watch(keras.layers.Layer):
        def call(self, inputs, mask=None):
            seen.append(mask)
            return inputs

    inputs = keras.Input((7, *shape[2:-1], 3))
    outputs = cls(**{strength: 0.3})(keras.layers.Masking()(inputs))
    watch = Watch()
    watch.supports_masking = True
    model = keras.Model(inputs, watch(outputs))
    x = np.ones((2, *inputs.shape[1:]), "float32")
    x[0, 4:] = 0
    model(x, training=True)
    np.testing.assert_array_equal(numpy(seen[-1]), (x != 0).any(-1))


@every_layer
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", *DOUBLE])
def test_the_draw_does_not_depend_on_the_precision(cls, strength, shape, dtype):
    x = numbers(*shape)
    expected = numpy(cls(**{strength: 0.3}, seed=5)(x, training=True))
    found = cls(**{strength: 0.3}, seed=5, dtype=dtype)(ops.cast(x, dtype), training=True)
    assert keras.backend.standardize_dtype(found.dtype) == dtype
    tolerance = {"float16": 2e-3, "bfloat16": 2e-2, "float64": 1e-5}[dtype]
    found = numpy(ops.cast(found, "float32"))
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@every_layer
def test_inputs_that_are_not_floating_point_are_refused(cls, strength, shape):
    x = np.ones(shape, "int32")
    with pytest.raises(TypeError, match=rf"`inputs`. Expected floating-point .*{cls.__name__}"):
        cls(**{strength: 0.3})(x, training=True)


@every_layer
@pytest.mark.parametrize(
    ("value", "error"), [(-0.1, ValueError), (np.nan, ValueError), ("a", TypeError)]
)
def test_a_wrong_strength_is_refused(cls, strength, shape, value, error):
    with pytest.raises(error, match=f"argument `{strength}`"):
        cls(**{strength: value})


@pytest.mark.parametrize(
    "cls", [layers.AlphaDropout, layers.FeatureAlphaDropout, layers.GaussianDropout]
)
@pytest.mark.parametrize("rate", [1, 1.0, schedules.Linear(0.0, 1.0, steps=3)], ids=repr)
def test_rate_one_is_refused_where_the_formula_divides(cls, rate):
    with pytest.raises(ValueError, match="the formula divides by 1 - rate"):
        cls(rate)


@pytest.mark.parametrize(
    "cls",
    [
        layers.SpatialDropout1D,
        layers.SpatialDropout2D,
        layers.SpatialDropout3D,
        layers.FeatureAlphaDropout,
    ],
)
def test_a_wrong_data_format_is_refused(cls):
    with pytest.raises(ValueError, match=f"`data_format`.*{cls.__name__}"):
        cls(0.5, data_format="channels_middle")


@pytest.mark.skipif(keras.config.backend() == "tensorflow", reason="there it works")
@every_layer
def test_inside_dataset_map_of_another_backend_it_raises(cls, strength, shape):
    tf = pytest.importorskip("tensorflow")
    layer = cls(**{strength: 0.3})
    data = tf.data.Dataset.from_tensors(np.ones(shape, "float32"))
    with pytest.raises((NotImplementedError, TypeError, ValueError), match=r"symbolic tf\.Tensor"):
        data.map(lambda x: layer(x, training=True))
