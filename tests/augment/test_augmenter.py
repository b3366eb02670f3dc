import gc
from typing import NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasreg import augment
from tests.augment.by_hand import by_hand

COUNT = 28  # Four batches of 7.
IMAGES = np.random.default_rng(0).integers(0, 256, (COUNT, 9, 7, 2), np.uint8)
LABELS = np.arange(COUNT)


def augmenter(**options):
    operations = [
        augment.Rotate(40, probability=0.8),
        augment.Shift(0.2, 0.1),
        augment.Blur((0.0, 1.2), probability=0.5),
        augment.GaussianNoise((0.0, 9.0)),
        augment.PixelDropout(0.1),
    ]
    return augment.Augmenter(operations, **{"seed": 3, **options})


@pytest.fixture(scope="module")
def compiled():
    return augmenter()


@pytest.fixture(scope="module")
def plain():
    return augmenter(jit_compile=False)


@pytest.fixture(scope="module")
def light():
    """A pipeline that is quick to trace, for what does not depend on the operations."""
    return augment.Augmenter([augment.Shift(0.2, 0.1)], seed=3, jit_compile=False)


@pytest.fixture(scope="module")
def expected(compiled):
    """The images of epoch 0."""
    return compiled.apply(IMAGES, index=0).numpy()


def data(batch_size=None):
    dataset = tf.data.Dataset.from_tensor_slices((IMAGES, LABELS))
    return dataset if batch_size is None else dataset.batch(batch_size)


def images_of(dataset):
    parts = [images for images, _ in dataset.as_numpy_iterator()]
    return np.stack(parts) if parts[0].ndim == 3 else np.concatenate(parts)


@pytest.mark.parametrize("batch_size", [None, 1, 7, 64])
def test_the_batch_size_changes_nothing(compiled, expected, batch_size):
    result = images_of(compiled(data(batch_size), epoch=0))
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("batch_size", [None, 7])
def test_the_batch_size_changes_nothing_in_plain_tensorflow(plain, expected, batch_size):
    """The draws are the same; the last bit of a float is not that of another order of sums."""
    result = images_of(plain(data(batch_size), epoch=0))
    np.testing.assert_allclose(result, expected, atol=0.01)


def test_batches_of_changing_and_unknown_size(compiled, expected):
    sizes = [7, 1, 12, 1, 7]
    ends = np.cumsum(sizes)

    def batches():
        for size, end in zip(sizes, ends, strict=True):
            yield IMAGES[end - size : end], LABELS[end - size : end]

    signature = (tf.TensorSpec([None, 9, 7, 2], tf.uint8), tf.TensorSpec([None], tf.int64))
    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
    np.testing.assert_array_equal(images_of(compiled(dataset, epoch=0)), expected)


@pytest.mark.parametrize("parallel", [1, 2, 8])
def test_parallelism_changes_nothing(compiled, expected, parallel):
    dataset = compiled(data(7), epoch=0, num_parallel_calls=parallel)
    np.testing.assert_array_equal(images_of(dataset), expected)
    options = tf.data.Options()
    options.deterministic = False
    unordered = compiled(data(7), epoch=0, num_parallel_calls=parallel).with_options(options)
    np.testing.assert_array_equal(images_of(unordered), expected)


@pytest.mark.parametrize("jit_compile", ["auto", False])
def test_unknown_height_and_width(expected, jit_compile):
    signature = (tf.TensorSpec([None, None, 2], tf.uint8), tf.TensorSpec([], tf.int64))
    dataset = tf.data.Dataset.from_generator(
        lambda: zip(IMAGES, LABELS, strict=True), output_signature=signature
    )
    for one in (dataset, dataset.batch(20)):
        result = augmenter(jit_compile=jit_compile)(one, epoch=0)
        assert result.element_spec[0].shape[-3:].as_list() == [None, None, 2]
        np.testing.assert_allclose(images_of(result), expected, atol=0.01)


def test_images_of_different_sizes_one_by_one():
    sizes = [(1, 1, 1), (3, 8, 1), (5, 5, 1)]
    images = [np.full(size, 50, np.uint8) for size in sizes]
    dataset = tf.data.Dataset.from_generator(
        lambda: iter(images), output_signature=tf.TensorSpec([None, None, 1], tf.uint8)
    )
    result = list(augmenter()(dataset).as_numpy_iterator())
    assert [image.shape for image in result] == sizes
    assert all(np.isfinite(image).all() for image in result)


def test_each_iteration_is_an_epoch(light):
    dataset = light(data(5))
    gc.collect()
    epochs = [images_of(dataset) for _ in range(3)]
    for number, epoch in enumerate(epochs):
        np.testing.assert_array_equal(images_of(light(data(5), epoch=number)), epoch)
    for one, other in ((0, 1), (1, 2)):
        assert (epochs[one] != epochs[other]).any(axis=(1, 2, 3)).all()


def test_repeating_goes_on_to_the_next_epoch(light):
    repeated = images_of(light(data(5)).repeat(2))
    np.testing.assert_array_equal(repeated[:COUNT], images_of(light(data(5), epoch=0)))
    np.testing.assert_array_equal(repeated[COUNT:], images_of(light(data(5), epoch=1)))


def test_two_epochs_of_fit_differ():
    """The noise of each epoch is what `fit` sees, whether or not the model is built before."""
    noise = augment.Augmenter([augment.GaussianNoise(1.0)], seed=3)
    blank = tf.data.Dataset.from_tensor_slices((np.zeros((6, 2, 2, 1)), np.zeros(6))).batch(3)
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    seen = []
    model.train_step = lambda pair: seen.append(pair[0].numpy()) or {"loss": 0.0}
    model.fit(noise(blank), epochs=2, shuffle=False, verbose=0)
    for epoch in (0, 1):
        expected = images_of(noise(blank, epoch=epoch))
        np.testing.assert_array_equal(np.concatenate(seen[2 * epoch : 2 * epoch + 2]), expected)


def test_the_epoch_may_be_a_variable(light):
    epoch = tf.Variable(4)
    dataset = light(data(5), epoch=epoch)
    np.testing.assert_array_equal(images_of(dataset), images_of(light(data(5), epoch=4)))
    epoch.assign(5)
    np.testing.assert_array_equal(images_of(dataset), images_of(light(data(5), epoch=5)))


def test_a_pure_epoch_is_resumed_from_any_step(light):
    whole = images_of(light(data(5), epoch=0))
    np.testing.assert_array_equal(images_of(light(data(5), epoch=0).skip(3)), whole[15:])


def test_the_number_of_batches_stays_known(light):
    assert len(light(data(5))) == 6


def test_seeds(light):
    first = light.apply(IMAGES, index=0).numpy()

    def with_seed(seed):
        return augment.Augmenter(light.operations, seed=seed).apply(IMAGES, index=0).numpy()

    np.testing.assert_allclose(with_seed(3), first, atol=0.01)
    for seed in (4, 3 + 2**32, 3 + 2**63):
        assert (with_seed(seed) != first).any(axis=(1, 2, 3)).all()


def test_equal_images_are_changed_differently(compiled):
    images = np.repeat(IMAGES[:1], COUNT, axis=0)
    result = compiled.apply(images, index=0).numpy()
    assert len(np.unique(result.reshape(COUNT, -1), axis=0)) == COUNT


@pytest.mark.parametrize("index", [14, np.arange(14, 21), tf.range(14, 21)])
def test_a_batch_by_hand(compiled, expected, index):
    result = compiled.apply(IMAGES[14:21], index=index)
    np.testing.assert_array_equal(result, expected[14:21])


def test_one_image_by_hand_and_in_a_map_of_ones_own(compiled, expected):
    np.testing.assert_array_equal(compiled.apply(IMAGES[5], index=5), expected[5])
    own = data().enumerate().map(lambda i, pair: (compiled.apply(pair[0], index=i), pair[1]))
    np.testing.assert_array_equal(images_of(own), expected)


def test_eager_and_graph_agree(compiled, plain, expected):
    graph = tf.function(lambda images: plain.apply(images, index=0))
    np.testing.assert_allclose(graph(IMAGES), expected, atol=0.01)
    np.testing.assert_allclose(plain.apply(IMAGES, index=0), expected, atol=0.01)
    outer = tf.function(lambda images: plain.apply(images, index=0), jit_compile=True)
    np.testing.assert_allclose(outer(tf.constant(IMAGES)), expected, atol=0.01)


def test_a_pipeline_is_its_operations_one_after_the_other():
    """Apart from neighbouring geometric operations, which are resampled once."""
    operations = augmenter().operations[1:]
    drawn = augment.Augmenter(operations, seed=3).draw(range(COUNT))
    result = augment.Augmenter(operations, seed=3, jit_compile=False).apply(IMAGES, index=0)
    step = IMAGES
    for operation, parameters in zip(operations, drawn, strict=True):
        step = by_hand([operation], [parameters], step)
    np.testing.assert_allclose(result, step, atol=0.01)


def test_tensorflow_finds_no_reason_to_warn_of_many_tracings(caplog):
    logger = tf.get_logger()
    logger.addHandler(caplog.handler)
    try:
        for seed in range(3):
            own = augment.Augmenter([augment.Blur(0.3), augment.GaussianNoise(1)], seed=seed)
            own.apply(IMAGES[:2], index=0)
    finally:
        logger.removeHandler(caplog.handler)
    assert "retracing" not in caplog.text


class Example(NamedTuple):
    image: object
    label: object


def test_labels_weights_and_extras_are_untouched(light):
    expected = light.apply(IMAGES, index=0)
    weights = np.linspace(0, 1, COUNT)
    names = np.array([f"image {i}" for i in range(COUNT)])
    elements = {
        "tuple": (IMAGES, LABELS, weights),
        "alone": IMAGES,
        "dict": {"image": IMAGES, "label": LABELS, "name": names},
        "nested": ({"image": IMAGES, "size": weights}, LABELS),
        "named": Example(IMAGES, LABELS),
    }
    for kind, element in elements.items():
        dataset = light(tf.data.Dataset.from_tensor_slices(element).batch(COUNT), epoch=0)
        (result,) = dataset.as_numpy_iterator()
        tf.nest.assert_same_structure(result, element)
        changed = 0
        for ours, original in zip(tf.nest.flatten(result), tf.nest.flatten(element), strict=True):
            if original is IMAGES:
                np.testing.assert_allclose(ours, expected, atol=0.01)
                changed += 1
            else:
                np.testing.assert_array_equal(ours.astype(original.dtype), original)
        assert changed == 1, kind
    assert isinstance(result, Example)


def test_the_key_of_the_images_is_free():
    own = augment.Augmenter([augment.Shift(0.2, 0.1)], seed=3, parts={"image": "pixels"})
    dataset = tf.data.Dataset.from_tensor_slices({"pixels": IMAGES, "image": IMAGES})
    (result,) = own(dataset.batch(COUNT)).as_numpy_iterator()
    np.testing.assert_array_equal(result["image"], IMAGES)
    assert (result["pixels"] != IMAGES).any()
    with pytest.raises(ValueError, match=r"`parts`.*\['image', 'pixels'\]"):
        augment.Augmenter([augment.Rotate(1)], seed=3, parts={"image": "x"})(dataset)


def test_an_empty_batch(compiled, plain):
    for one in (compiled, plain):
        assert one.apply(IMAGES[:0], index=0).shape == (0, 9, 7, 2)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "uint8"])
def test_the_dtype_is_the_one_asked_for(light, dtype):
    own = augment.Augmenter(light.operations, seed=3, dtype=dtype, jit_compile=False)
    assert own(data(7)).element_spec[0].dtype == dtype
    result = own.apply(IMAGES, index=0)
    assert result.dtype == dtype
    exact = light.apply(IMAGES, index=0).numpy()
    if dtype == "uint8":
        np.testing.assert_array_equal(result, np.clip(np.round(exact), 0, 255).astype("uint8"))
    else:
        np.testing.assert_allclose(tf.cast(result, "float32"), exact, rtol=2**-8)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float16", "float32", "float64"])
def test_images_of_every_number_type_come_out_alike(light, dtype):
    result = light.apply(IMAGES.astype(dtype), index=0)
    assert result.dtype == "float32"
    np.testing.assert_array_equal(result, light.apply(IMAGES, index=0))


def test_values_are_cut_to_their_range_and_not_otherwise():
    images = np.full((4, 20, 20, 1), 8, "uint8")
    noise = [augment.GaussianNoise(50)]
    free = augment.Augmenter(noise, seed=1).apply(images, index=0).numpy()
    assert free.min() < 0
    assert free.max() > 16
    cut = augment.Augmenter(noise, seed=1, value_range=(0, 16)).apply(images, index=0).numpy()
    np.testing.assert_array_equal(cut, np.clip(free, 0, 16))
    bytes_ = augment.Augmenter(noise, seed=1, dtype="uint8").apply(images, index=0).numpy()
    np.testing.assert_array_equal(bytes_, np.clip(np.round(free), 0, 255))


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((8, 8), {}, r"\(height, width, channels\).*images\[..., None\].*\(8, 8\)"),
        ((8,), {}, "Add a channel axis"),
        ((2, 8, 8, 8, 3), {}, r"\(2, 8, 8, 8, 3\)"),
        ((32, 28, 28), {}, "at most 4 channels.*batched=False"),
        ((8, 8, 3), {"batched": True}, "rank 4, as `batched` is True"),
        ((2, 8, 8, 3), {"batched": False}, "rank 3, as `batched` is False"),
    ],
)
def test_wrong_shapes_are_refused_before_the_first_element(compiled, shape, options, message):
    dataset = tf.data.Dataset.from_tensors(np.zeros(shape, "uint8"))
    with pytest.raises(ValueError, match=rf"argument `images`.*{message}.*\(Augmenter\)"):
        compiled(dataset, **options)


def test_many_channels_are_welcome_when_said():
    dataset = tf.data.Dataset.from_tensors(np.zeros((6, 6, 12), "uint8"))
    own = augment.Augmenter([augment.GaussianNoise(1)], seed=1)
    assert own(dataset, batched=False).element_spec.shape == (6, 6, 12)


def test_other_data_is_refused(compiled):
    with pytest.raises(TypeError, match=r"`dataset`.*tf.data.Dataset"):
        compiled(IMAGES)
    ragged = data().map(lambda image, label: tf.RaggedTensor.from_tensor(image))
    for dataset, message in (
        (ragged, "dense tensor"),
        (tf.data.Dataset.from_tensors([["a"]]), "numbers"),
        (tf.data.Dataset.from_tensors(np.zeros((8, 8, 3), bool)), "numbers"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            compiled(dataset)
    unknown = tf.data.Dataset.from_generator(
        lambda: iter(IMAGES), output_signature=tf.TensorSpec(None, tf.uint8)
    )
    with pytest.raises(ValueError, match=r"known rank.*set_shape"):
        compiled(unknown)
    with pytest.raises(ValueError, match="Add a channel axis"):
        compiled.apply(IMAGES[0, ..., 0], index=0)


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ({"operations": []}, ValueError, "operations"),
        ({"operations": augment.Rotate(1)}, TypeError, "operations"),
        ({"operations": [augment.Rotate]}, TypeError, "operations"),
        ({"seed": -1}, ValueError, "seed"),
        ({"seed": 2**64}, ValueError, "seed"),
        ({"seed": None}, TypeError, "seed"),
        ({"seed": 1.0}, TypeError, "seed"),
        ({"fill_mode": "mirror"}, ValueError, "fill_mode"),
        ({"fill_value": float("nan")}, ValueError, "fill_value"),
        ({"interpolation": "cubic"}, ValueError, "interpolation"),
        ({"dtype": "int8"}, ValueError, "dtype"),
        ({"value_range": (1, 0)}, ValueError, "value_range"),
        ({"value_range": 255}, TypeError, "value_range"),
        ({"parts": 3}, TypeError, "parts"),
        ({"parts": {"picture": "x"}}, ValueError, "parts"),
        ({"parts": ("image", "image")}, ValueError, "parts"),
        ({"mask_fill_value": None}, TypeError, "mask_fill_value"),
        ({"box_format": "xyzw"}, ValueError, "box_format"),
        ({"class_names": "abc"}, TypeError, "class_names"),
        ({"class_names": ["a", "a"]}, ValueError, "class_names"),
        ({"jit_compile": 1}, ValueError, "jit_compile"),
    ],
)
def test_bad_arguments(arguments, error, name):
    with pytest.raises(error, match=rf"argument `{name}`.*\(Augmenter\)"):
        augment.Augmenter(**{"operations": [augment.Rotate(1)], "seed": 1, **arguments})


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"epoch": -1}, ValueError),
        ({"epoch": 0.5}, TypeError),
        ({"batched": 1}, TypeError),
        ({"num_parallel_calls": 0}, ValueError),
    ],
)
def test_bad_call_arguments(compiled, arguments, error):
    (name,) = arguments
    with pytest.raises(error, match=rf"argument `{name}`"):
        compiled(data(7), **arguments)


@pytest.mark.parametrize("index", [0.5, [[1]], [1, 2]])
def test_bad_indices(compiled, index):
    with pytest.raises((TypeError, ValueError), match="argument `index`"):
        compiled.apply(IMAGES, index=index)
