import copy
import inspect

import h5py
import keras
import numpy as np
import pytest
from keras import ops

from kerasreg.layers import TiedDense
from kerasreg.regularizers import L2

INPUTS, CODE = 6, 3
PARAMETERS = INPUTS * CODE + CODE + INPUTS


def encoder_layer(**arguments):
    return keras.layers.Dense(CODE, name="encoder", **arguments)


def chain(start, *layers, name=None):
    """Returns a functional model of layers one after the other."""
    inputs = x = keras.Input((start,))
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x, name=name)


def flat(**arguments):
    dense = encoder_layer(**arguments)
    return chain(INPUTS, dense, TiedDense(dense, name="decoder"))


def sequential():
    dense = encoder_layer()
    return keras.Sequential([keras.Input((INPUTS,)), dense, TiedDense(dense, name="decoder")])


def nested():
    dense = encoder_layer()
    first = chain(INPUTS, dense)
    return chain(INPUTS, first, chain(CODE, TiedDense(dense, name="decoder")))


def nested_sequential():
    dense = encoder_layer()
    first = keras.Sequential([keras.Input((INPUTS,)), dense])
    second = keras.Sequential([keras.Input((CODE,)), TiedDense(dense, name="decoder")])
    return keras.Sequential([keras.Input((INPUTS,)), first, second])


def nested_encoder():
    dense = encoder_layer()
    return chain(INPUTS, chain(INPUTS, dense), TiedDense(dense, name="decoder"))


def wrapped():
    dense = encoder_layer()
    return chain(INPUTS, keras.layers.Reshape((1, INPUTS)), keras.layers.TimeDistributed(dense),
                 TiedDense(dense, name="decoder"), keras.layers.Flatten())  # fmt: skip


def inside_of_a_layer():
    layer = Encoder()
    layer.build((None, INPUTS))
    return chain(INPUTS, layer, TiedDense(layer.dense, name="decoder"))


def side_by_side():
    """The tied layer comes before the other one in the model's config."""
    dense = encoder_layer()
    dense.build((None, INPUTS))
    inputs = keras.Input((INPUTS,))
    decoded = TiedDense(dense, name="decoder")(inputs[:, :CODE])
    later = keras.layers.Activation("tanh")(keras.layers.Activation("tanh")(decoded))
    model = keras.Model(inputs, keras.layers.Concatenate()([later, dense(inputs)]))
    names = [layer.name for layer in model.layers]
    assert names.index("decoder") < names.index("encoder")
    return model


def subclassed():
    model = Autoencoder()
    model(data())
    return model


@keras.saving.register_keras_serializable("kerasreg_tests")
class Encoder(keras.layers.Layer):
    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.dense = encoder_layer()

    def build(self, input_shape):
        self.dense.build(input_shape)

    def call(self, inputs):
        return self.dense(inputs)


@keras.saving.register_keras_serializable("kerasreg_tests")
class Autoencoder(keras.Model):
    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.encode = encoder_layer()
        self.decode = TiedDense(self.encode, name="decoder")

    def call(self, inputs):
        return self.decode(self.encode(inputs))


FUNCTIONAL = [flat, sequential, nested, nested_sequential, nested_encoder, wrapped,
              inside_of_a_layer, side_by_side]  # fmt: skip
MODELS = [*FUNCTIONAL, subclassed]


def save_and_load(model, tmp_path):
    model.save(tmp_path / "model.keras")
    return keras.saving.load_model(tmp_path / "model.keras")


def clone(model, tmp_path):
    return with_weights_of(model, keras.models.clone_model(model))


def clone_recursively(model, tmp_path):
    return with_weights_of(model, keras.models.clone_model(model, recursive=True))


def from_config(model, tmp_path):
    return with_weights_of(model, type(model).from_config(model.get_config()))


def from_json(model, tmp_path):
    return with_weights_of(model, keras.models.model_from_json(model.to_json()))


def with_weights_of(model, other):
    other.set_weights(model.get_weights())
    return other


def data(rows=8, size=INPUTS):
    return np.random.default_rng(0).normal(size=(rows, size)).astype("float32")


def numpy(tensor):
    return ops.convert_to_numpy(ops.convert_to_tensor(tensor))


def layers_in(model):
    """Returns the dense layer and the tied one, wherever they stand."""
    found = {layer.name: layer for layer in model._flatten_layers()}
    return found["encoder"], found["decoder"]


def train(model, optimizer="sgd", **arguments):
    model.compile(optimizer, "mse", run_eagerly=True, **arguments)
    x = data(size=CODE if model.name == "decoder" else INPUTS)
    return model.train_on_batch(x, np.ones_like(numpy(model(x))))


def paths(file):
    """Returns the path and shape of every array in a weights file."""
    found = {}
    with h5py.File(file) as opened:
        opened.visititems(
            lambda name, item: found.update({name: item.shape}) if hasattr(item, "shape") else None
        )
    return found


def test_output_is_that_of_the_transposed_kernel():
    dense = encoder_layer()
    layer = TiedDense(dense, activation="tanh", bias_initializer="ones")
    code = numpy(dense(data()))
    expected = np.tanh(code.astype("float64") @ numpy(dense.kernel).astype("float64").T + 1)
    np.testing.assert_allclose(numpy(layer(code)), expected, rtol=1e-5)
    assert layer.units == INPUTS


def test_more_dimensions():
    dense = encoder_layer()
    layer = TiedDense(dense, use_bias=False)
    code = numpy(dense(data(20).reshape(2, 2, 5, INPUTS)))
    assert layer.compute_output_shape((None, 2, 5, CODE)) == (None, 2, 5, INPUTS)
    expected = np.einsum("abci,oi->abco", code, numpy(dense.kernel))
    np.testing.assert_allclose(numpy(layer(code)), expected, rtol=1e-5, atol=1e-6)
    assert layer.bias is None


def test_gradient_is_the_sum_over_both_layers():
    model = flat(activation="tanh")
    weights = [weight.astype("float64") for weight in model.get_weights()]
    kernel, bias, tied_bias = weights
    x = data().astype("float64")
    h = np.tanh(x @ kernel + bias)
    error = 2 * (h @ kernel.T + tied_bias - x) / x.size
    back = (error @ kernel) * (1 - h**2)
    of_decoder, of_encoder = error.T @ h, x.T @ back
    model.compile(keras.optimizers.SGD(1.0), "mse", run_eagerly=True)
    model.train_on_batch(x, x)
    steps = [old - new for old, new in zip(weights, model.get_weights(), strict=True)]
    np.testing.assert_allclose(steps[0], of_encoder + of_decoder, atol=1e-6)
    np.testing.assert_allclose(steps[1], back.sum(0), atol=1e-6)
    np.testing.assert_allclose(steps[2], error.sum(0), atol=1e-6)
    assert np.abs(of_encoder).max() > 1e-3
    assert np.abs(of_decoder).max() > 1e-3


def test_autoencoder_has_half_the_weights_and_the_biases():
    code = [keras.layers.Dense(size) for size in (32, 8)]
    tied = chain(64, *code, *(TiedDense(dense) for dense in reversed(code)))
    untied = chain(64, *(keras.layers.Dense(size) for size in (32, 8, 32, 64)))
    biases = 32 + 8 + 32 + 64
    kernels = untied.count_params() - biases
    assert tied.count_params() == kernels // 2 + biases


@pytest.mark.parametrize("make", MODELS)
def test_kernel_is_counted_trained_and_penalized_once(make):
    model = make()
    dense, layer = layers_in(model)
    assert layer.tied_to is dense
    assert model.count_params() == PARAMETERS
    assert [weight.path for weight in model.trainable_weights].count(dense.kernel.path) == 1
    assert len(model.get_weights()) == len(model.trainable_variables) == 3
    train(model, "adam")
    slots = [v for v in model.optimizer.variables if tuple(v.shape) == tuple(dense.kernel.shape)]
    assert len(slots) == 2


def test_penalty_counts_once():
    model = flat(kernel_regularizer=L2(0.1))
    dense, _ = layers_in(model)
    expected = 0.1 * (numpy(dense.kernel).astype("float64") ** 2).sum()
    assert [float(loss) for loss in model.losses] == [pytest.approx(expected)]


@pytest.mark.parametrize("make", MODELS)
def test_kernel_is_saved_once(make, tmp_path):
    make().save_weights(tmp_path / "model.weights.h5")
    shapes = sorted(paths(tmp_path / "model.weights.h5").values())
    assert shapes == sorted([(INPUTS, CODE), (CODE,), (INPUTS,)])


@pytest.mark.parametrize("make", FUNCTIONAL)
@pytest.mark.parametrize("again", [save_and_load, clone, clone_recursively, from_config, from_json])
def test_tie_holds_in_a_model_made_again(make, again, tmp_path):
    model = make()
    other = again(model, tmp_path)
    expect_tied_copy(model, other)


@pytest.mark.parametrize("again", [save_and_load, from_config])
def test_tie_holds_in_a_subclassed_model_made_again(again, tmp_path):
    model = subclassed()
    if again is from_config:
        other = Autoencoder.from_config(model.get_config())
        other(data())
        expect_tied_copy(model, with_weights_of(model, other))
    else:
        expect_tied_copy(model, again(model, tmp_path))


def test_tie_holds_in_a_deep_copy():
    model = nested()
    expect_tied_copy(model, copy.deepcopy(model))


def expect_tied_copy(model, other):
    dense, layer = layers_in(other)
    assert layer.tied_to is dense
    assert dense is not layers_in(model)[0]
    assert other.count_params() == PARAMETERS
    x = data()
    np.testing.assert_allclose(numpy(other(x)), numpy(model(x)), rtol=1e-5, atol=1e-6)
    before = numpy(dense.kernel).copy()
    train(other)
    after = numpy(dense.kernel)
    assert not np.array_equal(before, after)
    code = data(size=CODE)
    expected = code @ after.T + numpy(layer.bias)
    np.testing.assert_allclose(numpy(layer(code)), expected, rtol=1e-5, atol=1e-6)


def test_weights_and_optimizer_state_come_back(tmp_path):
    model = nested()
    train(model, "adam")
    other = save_and_load(model, tmp_path)
    for one, two in zip(model.optimizer.variables, other.optimizer.variables, strict=True):
        np.testing.assert_array_equal(numpy(one), numpy(two))
    train(model, model.optimizer)
    other.train_on_batch(data(), np.ones((8, INPUTS), "float32"))
    for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)


def test_weights_load_into_another_model(tmp_path):
    model, other = nested(), nested()
    model.save_weights(tmp_path / "model.weights.h5")
    other.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_allclose(numpy(other(data())), numpy(model(data())), rtol=1e-6)


@pytest.mark.parametrize("again", [save_and_load, clone, clone_recursively])
def test_two_autoencoders_with_the_same_names_in_one_model(again, tmp_path):
    inputs = keras.Input((INPUTS,))
    first, second = flat(), nested()
    model = keras.Model(inputs, [first(inputs), second(inputs)])
    other = again(model, tmp_path)
    for one, two in zip(model(data()), other(data()), strict=True):
        np.testing.assert_allclose(numpy(one), numpy(two), rtol=1e-6)
    assert other.count_params() == 2 * PARAMETERS


def test_ambiguous_names_are_refused():
    first, second = encoder_layer(), encoder_layer()
    inputs = keras.Input((INPUTS,))
    codes = keras.layers.Add()([chain(INPUTS, first)(inputs), chain(INPUTS, second)(inputs)])
    model = keras.Model(inputs, TiedDense(first)(codes))
    with pytest.raises(ValueError, match=r"'encoder'.*different names"):
        keras.Model.from_config(model.get_config())


def test_layer_of_the_same_name_and_another_size_is_another_layer(tmp_path):
    dense = encoder_layer()
    dense.build((None, INPUTS))
    model = chain(5, keras.layers.Dense(CODE + 1, name="encoder"), keras.layers.Dense(CODE),
                  TiedDense(dense))  # fmt: skip
    other = save_and_load(model, tmp_path)
    x = data(size=5)
    np.testing.assert_allclose(numpy(other(x)), numpy(model(x)), rtol=1e-6)


def test_trainable_of_the_dense_layer_freezes_the_kernel():
    model = flat()
    dense, layer = layers_in(model)
    dense.trainable = False
    assert [weight.path for weight in model.trainable_weights] == [layer.bias.path]
    before = model.get_weights()
    train(model)
    changed = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert changed == [False, False, True]


def test_trainable_of_the_tied_layer_freezes_its_bias_only():
    model = flat()
    dense, layer = layers_in(model)
    layer.trainable = False
    assert {w.path for w in model.trainable_weights} == {dense.kernel.path, dense.bias.path}
    assert layer.trainable_weights == []
    before, kernel = numpy(layer.bias).copy(), numpy(dense.kernel).copy()
    train(model)
    np.testing.assert_array_equal(numpy(layer.bias), before)
    assert not np.array_equal(numpy(dense.kernel), kernel)


def test_set_weights():
    model = flat()
    values = [np.full(weight.shape, i + 1.0) for i, weight in enumerate(model.get_weights())]
    model.set_weights(values)
    dense, layer = layers_in(model)
    for weight, value in zip(layer.weights, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(numpy(weight), value)
    assert {id(weight) for weight in layer.weights} == {id(layer.bias), id(dense.kernel)}


class TestWithoutTheDenseLayerInTheModel:
    @pytest.fixture
    def dense(self):
        dense = encoder_layer()
        dense.build((None, INPUTS))
        return dense

    def test_kernel_is_a_weight_and_is_trained(self, dense):
        model = chain(CODE, TiedDense(dense), name="decoder")
        assert model.count_params() == INPUTS * CODE + INPUTS
        before = numpy(dense.kernel).copy()
        train(model)
        assert not np.array_equal(numpy(dense.kernel), before)

    def test_later_changes_of_the_kernel_count(self, dense):
        """A compiled model must not hold the kernel as a constant."""
        model = chain(CODE, TiedDense(dense, use_bias=False))
        code = np.eye(CODE, dtype="float32")
        model.predict(code, verbose=0)
        dense.kernel.assign(ops.ones((INPUTS, CODE)))
        np.testing.assert_array_equal(model.predict(code, verbose=0), np.ones((CODE, INPUTS)))

    @pytest.mark.parametrize("again", [save_and_load, clone, from_config])
    def test_model_made_again_has_its_own_kernel(self, dense, again, tmp_path):
        model = chain(CODE, TiedDense(dense, name="tied"), name="decoder")
        other = again(model, tmp_path)
        copied = other.get_layer("tied").tied_to
        assert copied is not dense
        np.testing.assert_array_equal(numpy(copied.kernel), numpy(dense.kernel))
        train(other)
        assert not np.array_equal(numpy(copied.kernel), numpy(dense.kernel))

    def test_losses_of_the_dense_layer_are_left_alone(self):
        dense = encoder_layer(activity_regularizer=L2(1.0))
        layer = TiedDense(dense)
        code = dense(data())
        layer(code)
        assert len(dense.losses) == 1
        assert layer.losses == []


class TestOrderOfBuilding:
    def test_made_before_the_dense_layer_is_built(self):
        dense = encoder_layer()
        layer = TiedDense(dense)
        assert layer.weights == []
        model = keras.Sequential([dense, layer])
        assert numpy(model(data())).shape == (8, INPUTS)
        assert model.count_params() == PARAMETERS

    def test_called_before_the_dense_layer_is_built(self):
        layer = TiedDense(encoder_layer())
        with pytest.raises(ValueError, match=r"`tied_to`.*built.*tied_to\.build"):
            layer(data(size=CODE))

    def test_after_the_advice_was_taken(self):
        dense = encoder_layer()
        dense.build((None, INPUTS))
        decoder = chain(CODE, TiedDense(dense))
        assert chain(INPUTS, chain(INPUTS, dense), decoder).count_params() == PARAMETERS

    def test_unbuilt_model_is_saved_and_loaded(self, tmp_path):
        dense = encoder_layer()
        model = keras.Sequential([dense, TiedDense(dense, name="decoder")])
        other = save_and_load(model, tmp_path)
        other(data())
        assert other.count_params() == PARAMETERS


class TestPrecision:
    @pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "bfloat16", "float32"])
    @pytest.mark.parametrize("policy_of_dense", ["mixed_float16", "float32"])
    def test_kernel_is_read_in_the_compute_dtype_of_the_tied_layer(self, policy, policy_of_dense):
        dense = encoder_layer(dtype=policy_of_dense)
        layer = TiedDense(dense, dtype=policy)
        outputs = layer(dense(data()))
        assert keras.backend.standardize_dtype(outputs.dtype) == layer.compute_dtype
        assert keras.backend.standardize_dtype(dense.kernel.dtype) == "float32"

    def test_lora_is_followed(self, tmp_path):
        model = flat()
        dense, layer = layers_in(model)
        dense.enable_lora(2)
        dense.lora_kernel_b.assign(ops.ones((2, CODE)))
        code = data(size=CODE)
        merged = numpy(dense.kernel)
        np.testing.assert_allclose(numpy(layer(code)), code @ merged.T, rtol=1e-5, atol=1e-6)
        kernel = numpy(dense._kernel).copy()
        train(model)
        np.testing.assert_array_equal(numpy(dense._kernel), kernel)
        assert not np.array_equal(numpy(dense.kernel), merged)
        other = save_and_load(model, tmp_path)
        np.testing.assert_allclose(numpy(other(data())), numpy(model(data())), rtol=1e-4)

    def test_quantized_layer_is_refused(self):
        dense = encoder_layer()
        layer = TiedDense(dense)
        code = dense(data())
        layer(code)
        dense.quantize("int8")
        with pytest.raises(ValueError, match=r"`tied_to`.*not quantized"):
            layer(code)
        with pytest.raises(ValueError, match=r"`tied_to`.*not quantized"):
            TiedDense(dense)


@pytest.mark.parametrize(
    "tied_to",
    [None, "a", 3, keras.layers.Conv2D(3, 3), keras.layers.Dense],
    ids=["None", "str", "int", "Conv2D", "class"],
)
def test_tied_to_of_the_wrong_kind(tied_to):
    with pytest.raises(TypeError, match=r"argument `tied_to`\. Expected a keras\.layers\.Dense"):
        TiedDense(tied_to)


def test_tied_to_another_tied_layer():
    with pytest.raises(TypeError, match="argument `tied_to`"):
        TiedDense(TiedDense(encoder_layer()))


@pytest.mark.parametrize("size", [None, CODE + 1])
def test_inputs_of_another_size_than_the_code(size):
    dense = encoder_layer()
    dense.build((None, INPUTS))
    with pytest.raises(ValueError, match=r"Expected 3 as the last dimension.*TiedDense"):
        TiedDense(dense)(keras.Input((size,)))


@pytest.mark.parametrize("use_bias", [None, 1, "yes"])
def test_use_bias_of_the_wrong_kind(use_bias):
    with pytest.raises(TypeError, match="argument `use_bias`"):
        TiedDense(encoder_layer(), use_bias=use_bias)


def test_arguments_are_those_of_dense_without_the_kernel():
    theirs = [name for name in inspect.signature(keras.layers.Dense).parameters
              if not name.startswith(("kernel", "lora", "quantization"))]  # fmt: skip
    assert list(inspect.signature(TiedDense).parameters) == ["tied_to", *theirs[1:]]


def test_bias_arguments_are_used():
    dense = encoder_layer()
    layer = TiedDense(
        dense,
        bias_initializer="ones",
        bias_regularizer=L2(0.5),
        bias_constraint=keras.constraints.MaxNorm(0.1),
        activity_regularizer=L2(1.0),
    )
    outputs = numpy(layer(dense(data())))
    losses = sorted(float(loss) for loss in layer.losses)
    assert losses == pytest.approx(sorted([0.5 * INPUTS, (outputs**2).sum() / 8]), rel=1e-5)
    layer.bias.assign(layer.bias.constraint(layer.bias))
    assert np.linalg.norm(numpy(layer.bias)) == pytest.approx(0.1, rel=1e-5)


def test_masks_pass_through():
    dense = encoder_layer()
    inputs = keras.Input((4, INPUTS))
    masked = keras.layers.Masking()(inputs)
    outputs = TiedDense(dense)(dense(masked))
    assert keras.src.backend.get_keras_mask(outputs) is not None
