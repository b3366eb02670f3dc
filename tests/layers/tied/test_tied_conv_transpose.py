import inspect
import itertools

import h5py
import keras
import numpy as np
import pytest
from keras import ops

from kerasreg.layers import TiedConv1DTranspose, TiedConv2DTranspose, TiedConv3DTranspose
from kerasreg.regularizers import L2

CLASSES = [TiedConv1DTranspose, TiedConv2DTranspose, TiedConv3DTranspose]
CHANNELS, FILTERS = 4, 6
SIZES = {1: (7,), 2: (5, 8), 3: (3, 5, 4)}
IMAGE = (6, 4, 1)
PARAMETERS = 9 * 3 + 3 + 1


def convolution(dimensions, **arguments):
    kind = getattr(keras.layers, f"Conv{dimensions}D")
    return kind(**{"filters": FILTERS, "kernel_size": 3, "bias_initializer": "ones", **arguments})


def built(dimensions, **arguments):
    conv = convolution(dimensions, **arguments)
    shape = [9] * dimensions
    shape.insert(0 if conv.data_format == "channels_first" else dimensions, CHANNELS)
    conv.build((None, *shape))
    return conv


def data(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def numpy(tensor):
    return ops.convert_to_numpy(ops.convert_to_tensor(tensor))


def scattered(x, kernel, sizes, strides, dilations, same):
    """Returns the transposed convolution of one group, in float64, channels last.

    Every input adds its multiple of the kernel to the output. The convolution with "same" padding
    puts half of the padding before its input, the smaller half if it is odd.
    """
    spatial, kernels = x.shape[1:-1], kernel.shape[:-2]
    reach = [(k - 1) * d + 1 for k, d in zip(kernels, dilations, strict=True)]
    full = [(n - 1) * s + r for n, s, r in zip(spatial, strides, reach, strict=True)]
    room = np.zeros((len(x), *np.maximum(full, sizes), kernel.shape[-2]))
    for i in itertools.product(*map(range, spatial)):
        for k in itertools.product(*map(range, kernels)):
            place = tuple(
                a * s + b * d for a, s, b, d in zip(i, strides, k, dilations, strict=True)
            )
            room[(slice(None), *place)] += x[(slice(None), *i)] @ kernel[k].T
    begins = [max(f - m, 0) // 2 if same else 0 for f, m in zip(full, sizes, strict=True)]
    return room[(slice(None), *(slice(b, b + m) for b, m in zip(begins, sizes, strict=True)))]


def expected(layer, x, shape):
    """Returns the outputs by definition, for a layer with linear activation and a bias of 0.5."""
    conv, first = layer.tied_to, layer.compute_output_shape(x.shape)[1] == shape[-1]
    assert not first or shape[1] == shape[-1]
    dimensions = x.ndim - 2
    kernel = numpy(conv.kernel).astype("float64")

    def each(value):
        return (value,) * dimensions if isinstance(value, int) else value

    strides = each(conv.strides if layer.strides is None else layer.strides)
    dilations = each(conv.dilation_rate if layer.dilation_rate is None else layer.dilation_rate)
    same = (layer.padding or conv.padding) == "same"
    groups = zip(np.split(x.astype("float64"), conv.groups, axis=-1),
                 np.split(kernel, conv.groups, axis=-1), strict=True)  # fmt: skip
    parts = [scattered(part, k, shape[1:-1], strides, dilations, same) for part, k in groups]
    return np.concatenate(parts, axis=-1) + 0.5


# Dimensions, arguments of the convolution, arguments of the tied layer, output sizes.
FORMS = [
    (1, {}, {}, (9,)),
    (1, {"strides": 2, "padding": "same"}, {}, (14,)),
    (1, {"strides": 2, "padding": "same"}, {"output_padding": 0}, (13,)),
    (1, {"padding": "causal", "dilation_rate": 2}, {"padding": "same"}, (7,)),
    (1, {"strides": 3, "kernel_size": 2}, {}, (21,)),
    (1, {"strides": 3, "kernel_size": 2}, {"output_padding": 2}, (22,)),
    (2, {}, {}, (7, 10)),
    (2, {"padding": "same", "kernel_size": (4, 3)}, {}, (5, 8)),
    (2, {"strides": (1, 2), "padding": "same"}, {}, (5, 16)),
    (2, {"strides": 2, "padding": "same"}, {"output_padding": (0, 1)}, (9, 16)),
    (2, {"strides": 2, "padding": "same", "kernel_size": 4}, {"output_padding": 1}, (9, 15)),
    (2, {"strides": 2}, {"output_padding": 1}, (12, 18)),
    (2, {"dilation_rate": (2, 1), "padding": "same"}, {}, (5, 8)),
    (2, {"groups": 2}, {}, (7, 10)),
    (2, {"groups": 2, "strides": 2, "padding": "same"}, {}, (10, 16)),
    (2, {"padding": "same"}, {"strides": 2}, (10, 16)),
    (2, {"padding": "same"}, {"strides": [2, 1], "padding": "valid"}, (11, 10)),
    (2, {"strides": 2}, {"strides": 1, "dilation_rate": 2}, (9, 12)),
    (3, {"kernel_size": 2}, {}, (4, 6, 5)),
    (3, {"strides": 2, "padding": "same", "kernel_size": (1, 2, 3)}, {}, (6, 10, 8)),
    (3, {"groups": 2, "kernel_size": 2}, {"strides": (1, 2, 1), "padding": "same"}, (3, 10, 4)),
]
every_form = pytest.mark.parametrize(("dimensions", "of_conv", "of_layer", "sizes"), FORMS)
every_class = pytest.mark.parametrize(("dimensions", "cls"), list(enumerate(CLASSES, 1)))


@every_form
@pytest.mark.parametrize("batch", [1, 2])
def test_output_is_the_transposed_map(dimensions, of_conv, of_layer, sizes, batch):
    conv = built(dimensions, **of_conv)
    cls = CLASSES[dimensions - 1]
    layer = cls(conv, bias_initializer=keras.initializers.Constant(0.5), **of_layer)
    x = data(batch, *SIZES[dimensions], FILTERS)
    outputs = numpy(layer(x))
    assert outputs.shape == (batch, *sizes, CHANNELS)
    assert layer.compute_output_shape(x.shape) == outputs.shape
    np.testing.assert_allclose(outputs, expected(layer, x, outputs.shape), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("dimensions", "arguments", "sizes", "output_padding"),
    [
        (1, {"strides": 2, "padding": "same"}, (9,), 0),
        (1, {"kernel_size": 4, "padding": "same"}, (9,), None),
        (2, {"strides": 2}, (7, 10), (0, 1)),
        (2, {"strides": (2, 3), "padding": "same", "groups": 2}, (7, 10), (0, 0)),
        (2, {"strides": 2, "padding": "same", "kernel_size": 2}, (6, 10), None),
        (3, {"padding": "same", "dilation_rate": 2}, (4, 5, 3), None),
    ],
)
def test_inner_products_are_kept(dimensions, arguments, sizes, output_padding):
    """<conv(u), x> = <u, y> defines the transpose, sizes that no stride divides included."""
    conv = built(dimensions, use_bias=False, **arguments)
    layer = CLASSES[dimensions - 1](conv, use_bias=False, output_padding=output_padding)
    u = data(2, *sizes, CHANNELS)
    convolved = numpy(conv(u))
    x = data(*convolved.shape)
    outputs = numpy(layer(x))
    assert outputs.shape == u.shape
    np.testing.assert_allclose((convolved * x).sum(), (u * outputs).sum(), rtol=1e-4)


@every_class
def test_channels_first(dimensions, cls):
    conv = built(dimensions, strides=2, padding="same", groups=2)
    last, first = cls(conv), cls(conv, data_format="channels_first")
    x = data(2, *SIZES[dimensions], FILTERS)
    moved = np.moveaxis(x, -1, 1)
    outputs = numpy(first(moved))
    np.testing.assert_allclose(outputs, np.moveaxis(numpy(last(x)), -1, 1), rtol=1e-5, atol=1e-6)
    assert first.compute_output_shape(moved.shape) == outputs.shape


@every_class
def test_data_format_is_that_of_the_convolution(dimensions, cls):
    conv = built(dimensions, data_format="channels_first")
    x = data(2, FILTERS, *SIZES[dimensions])
    sizes = tuple(size + 2 for size in SIZES[dimensions])
    assert tuple(cls(conv)(x).shape) == (2, CHANNELS, *sizes)


@every_class
def test_empty_batch_and_unknown_sizes(dimensions, cls):
    layer = cls(built(dimensions, strides=2, padding="same", groups=2), activation="relu")
    sizes = (None,) * dimensions
    assert layer.compute_output_shape((None, *sizes, FILTERS)) == (None, *sizes, CHANNELS)
    inputs = keras.Input((*sizes, FILTERS))
    model = keras.Model(inputs, layer(inputs))
    assert model.output_shape == (None, *sizes, CHANNELS)
    doubled = tuple(2 * size for size in SIZES[dimensions])
    assert model(data(0, *SIZES[dimensions], FILTERS)).shape == (0, *doubled, CHANNELS)
    outputs = model.predict(data(1, *SIZES[dimensions], FILTERS), verbose=0)
    assert outputs.shape == (1, *doubled, CHANNELS)
    assert outputs.min() == 0


def test_gradient_of_the_kernel_is_the_sum_over_both_layers():
    """The loss is linear in the outputs of the tied layer: y = <t, T(K)(K * u)> is quadratic in K.

    Then half of <K, dy/dK> is y, by Euler, and half of that only if one of the layers is left out.
    """
    conv = convolution(2, filters=3, use_bias=False, strides=2, padding="same")
    model = chain(IMAGE, conv, TiedConv2DTranspose(conv, use_bias=False))
    x, kernel = data(2, *IMAGE), model.get_weights()[0]
    y = numpy(model(x)).astype("float64")

    def linear(true, outputs):
        return ops.sum(true * outputs, axis=(1, 2, 3))

    model.compile(keras.optimizers.SGD(1.0), linear, run_eagerly=True)
    targets = data(5, *IMAGE)[3:]
    model.train_on_batch(x, targets)
    gradient = kernel.astype("float64") - model.get_weights()[0]
    expected = (y * targets).sum() / 2  # the loss is a mean over a batch of 2
    np.testing.assert_allclose((gradient * kernel).sum() / 2, expected, rtol=1e-4)


def chain(start, *layers, name=None):
    inputs = x = keras.Input(start)
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x, name=name)


def encoder_layer(**arguments):
    return keras.layers.Conv2D(3, 3, strides=2, padding="same", name="encoder", **arguments)


def flat(**arguments):
    conv = encoder_layer(**arguments)
    return chain(IMAGE, conv, TiedConv2DTranspose(conv, name="decoder"))


def sequential():
    conv = encoder_layer()
    return keras.Sequential([keras.Input(IMAGE), conv, TiedConv2DTranspose(conv, name="decoder")])


def nested():
    conv = encoder_layer()
    first = chain(IMAGE, conv)
    return chain(IMAGE, first, chain((3, 2, 3), TiedConv2DTranspose(conv, name="decoder")))


def twin_names():
    """A convolution of the same name and another kernel stands in the model, too."""
    other = keras.layers.Conv2D(3, 5, padding="same", name="encoder")
    conv = encoder_layer()
    inner = chain(IMAGE, conv, TiedConv2DTranspose(conv, name="decoder"))
    return chain(IMAGE, other, keras.layers.Conv2D(1, 1), inner)


def save_and_load(model, tmp_path):
    model.save(tmp_path / "model.keras")
    return keras.saving.load_model(tmp_path / "model.keras")


def clone(model, tmp_path):
    return with_weights_of(model, keras.models.clone_model(model))


def clone_recursively(model, tmp_path):
    return with_weights_of(model, keras.models.clone_model(model, recursive=True))


def from_json(model, tmp_path):
    return with_weights_of(model, keras.models.model_from_json(model.to_json()))


def with_weights_of(model, other):
    other.set_weights(model.get_weights())
    return other


def layers_in(model):
    """Returns the tied layer and the convolution that it is tied to, found in the model."""
    inside = model._flatten_layers()
    layer = next(layer for layer in inside if layer.name == "decoder")
    found = [other for other in inside if other is layer.tied_to]
    return (found[0] if found else None), layer


def train(model, optimizer="sgd"):
    model.compile(optimizer, "mse", run_eagerly=True)
    x = data(2, *model.input_shape[1:])
    return model.train_on_batch(x, np.ones_like(numpy(model(x))))


@pytest.mark.parametrize("make", [flat, sequential, nested])
def test_kernel_is_counted_trained_and_saved_once(make, tmp_path):
    model = make()
    conv, _ = layers_in(model)
    assert model.count_params() == PARAMETERS
    assert [weight.path for weight in model.trainable_weights].count(conv.kernel.path) == 1
    model.save_weights(tmp_path / "model.weights.h5")
    sizes = []
    with h5py.File(tmp_path / "model.weights.h5") as file:
        file.visititems(lambda _, item: sizes.append(item.size) if hasattr(item, "size") else None)
    assert sorted(sizes) == [1, 3, 27]
    train(model, "adam")
    slots = [v for v in model.optimizer.variables if tuple(v.shape) == tuple(conv.kernel.shape)]
    assert len(slots) == 2


@pytest.mark.parametrize("make", [flat, sequential, nested, twin_names])
@pytest.mark.parametrize("again", [save_and_load, clone, clone_recursively, from_json])
def test_tie_holds_in_a_model_made_again(make, again, tmp_path):
    model = make()
    other = again(model, tmp_path)
    conv, layer = layers_in(other)
    assert conv is not None
    assert conv is not layers_in(model)[0]
    assert other.count_params() == model.count_params()
    x = data(2, *IMAGE)
    np.testing.assert_allclose(numpy(other(x)), numpy(model(x)), rtol=1e-4, atol=1e-5)
    before = numpy(conv.kernel).copy()
    train(other)
    assert not np.array_equal(before, numpy(conv.kernel))
    code = data(2, 3, 2, 3)
    by_hand = scattered(code, numpy(conv.kernel).astype("float64"), (6, 4), (2, 2), (1, 1), True)
    np.testing.assert_allclose(
        numpy(layer(code)), by_hand + numpy(layer.bias), rtol=1e-4, atol=1e-5
    )


def test_weights_and_optimizer_state_come_back(tmp_path):
    model = nested()
    train(model, "adam")
    other = save_and_load(model, tmp_path)
    for one, two in zip(model.optimizer.variables, other.optimizer.variables, strict=True):
        np.testing.assert_array_equal(numpy(one), numpy(two))


def test_penalty_counts_once():
    model = flat(kernel_regularizer=L2(0.1))
    conv, _ = layers_in(model)
    expected = 0.1 * (numpy(conv.kernel).astype("float64") ** 2).sum()
    assert [float(loss) for loss in model.losses] == [pytest.approx(expected, rel=1e-5)]


def test_weight_decay_is_applied_once():
    model = flat()
    conv, _ = layers_in(model)
    before = numpy(conv.kernel).copy()
    model.compile(
        keras.optimizers.SGD(0.1, weight_decay=0.5),
        lambda true, pred: 0 * ops.sum(pred, axis=(1, 2, 3)),
        run_eagerly=True,
    )
    model.train_on_batch(data(2, *IMAGE), data(2, *IMAGE))
    np.testing.assert_allclose(numpy(conv.kernel), before * (1 - 0.1 * 0.5), rtol=1e-5)


def test_trainable_of_the_convolution_freezes_the_kernel():
    model = flat()
    conv, layer = layers_in(model)
    conv.trainable = False
    assert [weight.path for weight in model.trainable_weights] == [layer.bias.path]
    before = model.get_weights()
    train(model)
    changed = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert changed == [False, False, True]


def test_trainable_of_the_tied_layer_freezes_its_bias_only():
    model = flat()
    conv, layer = layers_in(model)
    layer.trainable = False
    assert {w.path for w in model.trainable_weights} == {conv.kernel.path, conv.bias.path}
    before, kernel = numpy(layer.bias).copy(), numpy(conv.kernel).copy()
    train(model)
    np.testing.assert_array_equal(numpy(layer.bias), before)
    assert not np.array_equal(numpy(conv.kernel), kernel)


def test_decoder_on_its_own_trains_the_kernel_and_is_loaded_with_a_copy(tmp_path):
    conv = encoder_layer()
    conv.build((None, *IMAGE))
    model = chain((3, 2, 3), TiedConv2DTranspose(conv, name="decoder"))
    assert model.count_params() == 27 + 1
    other = save_and_load(model, tmp_path)
    copied = other.get_layer("decoder").tied_to
    assert copied is not conv
    np.testing.assert_array_equal(numpy(copied.kernel), numpy(conv.kernel))
    before = numpy(conv.kernel).copy()
    train(model)
    assert not np.array_equal(numpy(conv.kernel), before)


def test_later_changes_of_the_kernel_count():
    """A compiled model must not hold the kernel as a constant."""
    conv = encoder_layer()
    conv.build((None, *IMAGE))
    model = chain((3, 2, 3), TiedConv2DTranspose(conv, use_bias=False))
    code = np.ones((1, 3, 2, 3), "float32")
    model.predict(code, verbose=0)
    conv.kernel.assign(ops.zeros((3, 3, 1, 3)))
    assert not model.predict(code, verbose=0).any()


def test_made_before_the_convolution_is_built():
    conv = encoder_layer()
    layer = TiedConv2DTranspose(conv)
    assert layer.weights == []
    assert keras.Sequential([keras.Input(IMAGE), conv, layer]).count_params() == PARAMETERS


def test_called_before_the_convolution_is_built():
    with pytest.raises(ValueError, match=r"`tied_to`.*built.*tied_to\.build.*TiedConv2DTranspose"):
        TiedConv2DTranspose(encoder_layer())(data(2, 3, 2, 3))


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("arguments", [{"groups": 2, "strides": 2}, {"dilation_rate": 2}], ids=str)
def test_training_with_groups_and_dilation(arguments, jit_compile):
    conv = convolution(2, filters=2, padding="same", **arguments)
    model = chain((6, 4, 2), conv, TiedConv2DTranspose(conv))
    before = numpy(conv.kernel).copy()
    model.compile("sgd", "mse", jit_compile=jit_compile)
    x = data(4, 6, 4, 2)
    assert np.isfinite(model.fit(x, x, batch_size=2, verbose=0).history["loss"]).all()
    assert not np.array_equal(numpy(conv.kernel), before)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "bfloat16"])
def test_kernel_is_read_in_the_compute_dtype_of_the_tied_layer(policy):
    conv = built(2)
    layer = TiedConv2DTranspose(conv, dtype=policy)
    outputs = layer(data(2, 3, 5, FILTERS))
    assert keras.backend.standardize_dtype(outputs.dtype) == layer.compute_dtype
    assert keras.backend.standardize_dtype(conv.kernel.dtype) == "float32"


def test_lora_is_followed():
    model = flat()
    conv, layer = layers_in(model)
    conv.enable_lora(2)
    conv.lora_kernel_b.assign(ops.ones((2, 3)))
    code = data(2, 3, 2, 3)
    by_hand = scattered(code, numpy(conv.kernel).astype("float64"), (6, 4), (2, 2), (1, 1), True)
    np.testing.assert_allclose(numpy(layer(code)), by_hand, rtol=1e-4, atol=1e-5)
    frozen, merged = numpy(conv._kernel).copy(), numpy(conv.kernel).copy()
    train(model)
    np.testing.assert_array_equal(numpy(conv._kernel), frozen)
    assert not np.array_equal(numpy(conv.kernel), merged)


@every_class
@pytest.mark.parametrize(
    "tied_to", [None, "conv", keras.layers.Dense(3)], ids=["None", "str", "Dense"]
)
def test_tied_to_of_the_wrong_kind(dimensions, cls, tied_to):
    expected = rf"`tied_to`\. Expected a keras\.layers\.Conv{dimensions}D layer.*{cls.__name__}"
    for wrong in (tied_to, convolution(dimensions % 3 + 1)):
        with pytest.raises(TypeError, match=expected):
            cls(wrong)


def test_causal_convolution():
    conv = convolution(1, padding="causal")
    with pytest.raises(
        ValueError, match=r"without causal padding.*looks ahead.*`padding=\"same\"`"
    ):
        TiedConv1DTranspose(conv)


@pytest.mark.parametrize(
    ("of_conv", "of_layer", "message"),
    [
        ({"strides": 2}, {"dilation_rate": 2}, "`dilation_rate`.*strides and dilations"),
        ({"dilation_rate": 2}, {"strides": (1, 2)}, "`strides`.*strides and dilations"),
        ({}, {"output_padding": 1}, "`output_padding`.*less than the stride, 1"),
        ({"strides": (3, 2)}, {"output_padding": 2}, "less than the stride, 2"),
        ({"strides": 2, "kernel_size": 2, "padding": "same"}, {"output_padding": 0}, "at least 1"),
    ],
)  # fmt: skip
def test_arguments_that_do_not_go_together(of_conv, of_layer, message):
    with pytest.raises(ValueError, match=message):
        TiedConv2DTranspose(convolution(2, **of_conv), **of_layer)


@pytest.mark.parametrize("shape", [(3, 5, FILTERS + 1), (3, 5, None)])
def test_inputs_of_other_channels_than_the_filters(shape):
    with pytest.raises(ValueError, match=r"Expected 6 channels on axis 3.*TiedConv2DTranspose"):
        TiedConv2DTranspose(built(2))(keras.Input(shape))


def test_inputs_of_another_rank():
    with pytest.raises(ValueError, match=r"rank 4.*TiedConv2DTranspose"):
        TiedConv2DTranspose(built(2))(keras.Input((5, FILTERS)))


@every_class
def test_arguments_are_those_of_the_untied_layer_without_kernel_and_filters(dimensions, cls):
    untied = inspect.signature(getattr(keras.layers, f"Conv{dimensions}DTranspose")).parameters
    left_out = [name for name in untied if name.startswith(("kernel", "filters"))]
    assert set(inspect.signature(cls).parameters) == {"tied_to", *untied} - set(left_out)


def test_numpy_numbers_become_python_numbers():
    layer = TiedConv2DTranspose(
        convolution(2), strides=np.int64(2), output_padding=[np.int32(1), 0]
    )
    config = layer.get_config()
    assert type(config["strides"]) is int
    assert config["output_padding"] == (1, 0)
    assert type(config["output_padding"][0]) is int


def test_bias_arguments_are_used():
    layer = TiedConv2DTranspose(
        built(2),
        bias_initializer="ones",
        bias_regularizer=L2(0.5),
        bias_constraint=keras.constraints.MaxNorm(0.1),
        activity_regularizer=L2(1.0),
    )
    outputs = numpy(layer(data(2, 3, 5, FILTERS)))
    losses = sorted(float(loss) for loss in layer.losses)
    assert losses == pytest.approx(sorted([0.5 * CHANNELS, (outputs**2).sum() / 2]), rel=1e-5)
    layer.bias.assign(layer.bias.constraint(layer.bias))
    assert np.linalg.norm(numpy(layer.bias)) == pytest.approx(0.1, rel=1e-5)
