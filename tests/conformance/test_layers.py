"""Every layer through the same checks; the rows stand in `cases.py`."""

import keras
import numpy as np
import pytest
from keras import ops

from tests.conformance.cases import CASES, LayerCase

LAYERS = [case for case in CASES if isinstance(case, LayerCase)]
RANDOM = [case for case in LAYERS if case.random]
BATCH = 4

every_layer = pytest.mark.parametrize("case", LAYERS, ids=str)
every_random_layer = pytest.mark.parametrize("case", RANDOM, ids=str)


def known(shape):
    """Returns a shape with a different size in each place that is unknown."""
    return tuple(6 - i if size is None else size for i, size in enumerate(shape))


def data(case, batch=BATCH, dtype="float32"):
    generator, shape = np.random.default_rng(0), (batch, *known(case.shape))
    if case.vocabulary is not None:
        return generator.integers(case.vocabulary, size=shape).astype("int32")
    return generator.normal(size=shape).astype(dtype)


def fed(case, x):
    """Returns what the layer of the case is called on: a tensor, or a list of two that differ."""
    return [x, 2 * x] if case.pair else x


def shapes_of(tensors, batch):
    return keras.tree.map_structure(lambda each: (batch, *each.shape[1:]), tensors)


def model_of(case, shape=None, **changes):
    """Returns a model with a trainable layer before the layer of the case (or in it, for words)."""
    if case.model is not None:
        return case.model(case.make, **changes)
    if case.vocabulary is not None:
        inputs = keras.Input(shape or known(case.shape), dtype="int32")
        return keras.Model(inputs, case.make(**changes)(inputs))
    inputs = keras.Input(shape or known(case.shape))
    x = keras.layers.Dense(inputs.shape[-1], name="before")(inputs)
    return keras.Model(inputs, case.make(**changes)([inputs, x] if case.pair else x))


def layer_in(model, case):
    return next(layer for layer in model.layers if type(layer) is case.cls)


def numpy(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))


@every_layer
def test_config_round_trip(case):
    layer = layer_in(model_of(case, trainable=False, dtype="mixed_bfloat16", name="own"), case)
    config = layer.get_config()
    for name, value in case.arguments.items():
        assert name in config, name
        if isinstance(value, int | float | str | tuple):
            assert getattr(layer, name) == value, name
    if case.model is None:
        copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
        assert type(copy) is case.cls
        assert copy.get_config() == config
        assert copy.name == "own"
        assert copy.dtype_policy.name == "mixed_bfloat16"
        assert copy.trainable is False


@every_layer
def test_building_does_not_change_the_config(case):
    model = model_of(case)
    layer = layer_in(model, case)
    before = layer.get_config()
    model(data(case))
    assert layer.get_config() == before


@every_layer
def test_misspelt_argument_is_refused(case):
    with pytest.raises((TypeError, ValueError), match="rtae"):
        case.make(rtae=0.5)


@every_layer
def test_symbolic_and_eager_shapes_agree(case):
    model = model_of(case)
    layer = layer_in(model, case)
    symbolic = layer.output.shape
    eager = ops.shape(model(data(case)))
    expected = [None if axis in case.open_axes else size for axis, size in enumerate(eager)]
    assert symbolic[0] is None
    assert list(symbolic[1:]) == expected[1:]
    assert list(layer.compute_output_shape(shapes_of(layer.input, BATCH))) == expected


@every_layer
def test_unknown_sizes(case):
    if None not in case.shape:
        pytest.skip("every size of this layer's input is fixed")
    model = model_of(case, shape=case.shape)
    for batch in (1, BATCH):
        x = data(case, batch)
        assert np.isfinite(model.predict(x, verbose=0)).all()
        assert np.isfinite(numpy(model(x, training=True))).all()


@every_layer
@pytest.mark.parametrize("training", [False, True])
def test_an_empty_batch_gives_an_empty_output_and_changes_no_weight(case, training):
    if not case.empty_batch and keras.backend.backend() == "tensorflow":
        pytest.skip("Keras' own layer in this row fails on an empty batch")
    model = model_of(case)
    expected = (0, *ops.shape(model(data(case, 1), training=training))[1:])
    weights = layer_in(model, case).weights
    before = [numpy(weight.value) for weight in weights]
    assert ops.shape(model(data(case, 0), training=training)) == expected
    for weight, was in zip(weights, before, strict=True):
        np.testing.assert_array_equal(numpy(weight.value), was)


# On JAX and PyTorch, Keras itself comes back to float32 in many operations.
DOUBLE = ["float64"] if keras.backend.backend() == "tensorflow" else []


@every_layer
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", *DOUBLE])
def test_precision(case, policy):
    model = model_of(case, dtype=policy)
    layer = layer_in(model, case)
    for training in (False, True):
        x = ops.cast(ops.convert_to_tensor(data(case)), "float32")
        outputs = model(x, training=training)
        assert keras.backend.standardize_dtype(outputs.dtype) == layer.compute_dtype
        assert np.isfinite(numpy(outputs)).all()


@every_layer
@pytest.mark.parametrize("jit_compile", [False, True])
def test_fit_trains_what_stands_before_the_layer(case, jit_compile):
    keras.utils.set_random_seed(0)
    model = model_of(case)
    if case.open_axes:  # targets have one shape only
        model = keras.Sequential([model, keras.layers.GlobalAveragePooling1D()])
    x = data(case, 2 * BATCH)
    y = np.ones_like(model.predict(x, verbose=0))
    before = [np.copy(weight) for weight in model.get_weights()]
    model.compile("sgd", "mse", jit_compile=jit_compile)
    history = model.fit(x, y, batch_size=BATCH, epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    assert not np.array_equal(before[0], model.get_weights()[0])


@every_layer
def test_channels_first_is_channels_last_transposed(case):
    if not case.channels_first:
        pytest.skip("the layer has no data_format")
    x = data(case)
    last = case.make(data_format="channels_last", seed=3)
    first = case.make(data_format="channels_first", seed=3)
    for training in (False, True):
        expected = np.moveaxis(numpy(last(x, training=training)), -1, 1)
        outputs = numpy(first(np.moveaxis(x, -1, 1), training=training))
        assert outputs.shape == expected.shape
        if not (training and case.random):
            np.testing.assert_allclose(outputs, expected, rtol=1e-6)


@every_layer
def test_inference_is_the_identity_where_the_row_says_so(case):
    if not case.inference_is_identity:
        pytest.skip("inference transforms the input")
    x = data(case)
    np.testing.assert_array_equal(numpy(case.make()(x, training=False)), x)


@every_random_layer
def test_zero_strength_is_the_identity(case):
    if case.strength is None:
        pytest.skip("no single argument turns the layer off")
    x = data(case)
    np.testing.assert_allclose(numpy(case.make(**{case.strength: 0.0})(x, training=True)), x)


@every_random_layer
def test_same_seed_same_output_and_a_new_draw_each_call(case):
    x = fed(case, ops.convert_to_tensor(data(case)))
    one, other = case.make(seed=7), case.make(seed=7)
    first = numpy(one(x, training=True))
    second = numpy(one(x, training=True))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, numpy(other(x, training=True)))
    np.testing.assert_array_equal(second, numpy(other(x, training=True)))
    assert not np.array_equal(first, numpy(case.make(seed=8)(x, training=True)))


def compiled_calls(layer, x, steps):
    """Returns the outputs of that many training calls, compiled as the backend does it."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        call = jax.jit(lambda *values: layer.stateless_call(*values, training=True))
        weights = [variable.value for variable in layer.trainable_variables]
        state = [variable.value for variable in layer.non_trainable_variables]
        outputs = []
        for _ in range(steps):
            output, state = call(weights, state, x)
            outputs.append(output)
        return outputs
    if backend == "torch":
        import torch

        call = torch.compile(lambda x: layer(x, training=True))
    else:
        import tensorflow as tf

        call = tf.function(lambda x: layer(x, training=True), jit_compile=True)
    return [call(x) for _ in range(steps)]


@every_random_layer
def test_compiled_calls_draw_what_eager_calls_draw(case):
    x = fed(case, ops.convert_to_tensor(data(case)))
    layer, twin = case.make(seed=7), case.make(seed=7)
    expected = [numpy(layer(x, training=True)) for _ in range(4)]
    twin.build(shapes_of(x, BATCH))
    twin.set_weights(layer.get_weights())
    for found, wanted in zip(compiled_calls(twin, x, steps=4), expected, strict=True):
        np.testing.assert_allclose(numpy(found), wanted, rtol=1e-5, atol=1e-6)


@every_random_layer
def test_the_next_draw_survives_saving(case, tmp_path):
    model = model_of(case)
    x = data(case)
    model(x, training=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    expected = numpy(model(x, training=True))
    np.testing.assert_array_equal(numpy(loaded(x, training=True)), expected)


@every_random_layer
def test_random_state_is_no_weight(case):
    layer = layer_in(model_of(case), case)
    assert not [w for w in layer.weights if "seed" in w.path or "state" in w.path]


def steps_of(layer):
    return int(ops.convert_to_numpy(layer.seed_generator.state.value)[1])


@every_random_layer
def test_under_remat_scope_outputs_and_gradients_are_those_without(case):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("written with a gradient tape")
    import tensorflow as tf

    def differentiated(layer):
        x = tf.constant(data(case))
        layer(fed(case, x))
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(fed(case, x), training=True)
            loss = tf.reduce_sum(y**3)
        # Words have no gradient; the vectors that they stand for have.
        source = x if case.vocabulary is None else layer.layer.embeddings
        return numpy(y), numpy(tf.convert_to_tensor(tape.gradient(loss, source)))

    expected = differentiated(case.make(seed=7))
    with keras.RematScope(mode="full"):
        layer = case.make(seed=7)
    for found, wanted in zip(differentiated(layer), expected, strict=True):
        assert wanted.any()
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)


@every_random_layer
def test_time_distributed_trains(case):
    if case.open_axes:
        pytest.skip("targets have one shape only")
    if case.pair:
        pytest.skip("Keras' TimeDistributed takes one tensor")
    layer = case.make()
    x = np.stack([data(case)] * 2, axis=1)
    model = keras.Sequential([keras.Input(x.shape[1:], dtype=x.dtype.name)])
    model.add(keras.layers.TimeDistributed(layer))
    model.compile("sgd", "mse", jit_compile=False)
    before = steps_of(layer)
    losses = model.fit(x, np.zeros((BATCH, *model.output_shape[1:])), verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    assert steps_of(layer) > before


@every_random_layer
def test_a_mask_goes_through(case):
    layer = case.make()
    if not layer.supports_masking or case.vocabulary is not None:
        pytest.skip("the layer takes no mask")
    seen = []

    class Watch(keras.layers.Layer):
        supports_masking = True

        def call(self, inputs, mask=None):
            seen.append(mask)
            return inputs

    x = data(case)
    x[1, 2:] = 0
    inputs = fed(case, ops.convert_to_tensor(x))
    outputs = layer(keras.tree.map_structure(keras.layers.Masking(), inputs), training=True)
    Watch()(outputs)
    mask = numpy(seen[-1])
    assert mask.shape == tuple(outputs.shape[: mask.ndim])
    if not case.open_axes:
        np.testing.assert_array_equal(mask, x.any(-1))


class Subclassed(keras.Model):
    def __init__(self, layer, units, pair):
        super().__init__()
        self.pair = pair
        self.before = keras.layers.Dense(units) if units else None
        self.layer = layer

    def call(self, inputs, training=False):
        x = self.before(inputs) if self.before else inputs
        return ops.mean(self.layer(fed(self, x), training=training), axis=1)


@every_random_layer
def test_a_subclassed_model_trains(case):
    layer, x = case.make(), data(case, 2 * BATCH)
    units = None if case.vocabulary is not None else x.shape[-1]
    model = Subclassed(layer, units, case.pair)
    y = np.ones_like(numpy(model(x[:1]))).repeat(2 * BATCH, axis=0)
    model.compile("sgd", "mse", jit_compile=False)
    before, first = steps_of(layer), np.copy(model.get_weights()[0])
    assert np.isfinite(model.fit(x, y, batch_size=BATCH, verbose=0).history["loss"]).all()
    assert steps_of(layer) == before + 2
    assert not np.array_equal(first, model.get_weights()[0])
