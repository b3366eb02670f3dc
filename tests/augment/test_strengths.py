import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasreg import augment, schedules

N = 2_000
IMAGES = np.random.default_rng(0).integers(0, 256, (12, 9, 7, 2), np.uint8)
LABELS = np.arange(12) % 3


def dataset(labels=LABELS):
    return tf.data.Dataset.from_tensor_slices((IMAGES, labels)).batch(5)


def test_a_schedule_is_followed_from_epoch_to_epoch():
    grows = schedules.Linear(0.0, 40.0, steps=4)
    own = augment.Augmenter([augment.Rotate(grows)], seed=1, jit_compile=False)
    for epoch, limit in enumerate([0, 10, 20, 30, 40, 40]):
        (drawn,) = own.draw(range(N), epoch)
        largest = np.abs(drawn["degrees"].numpy()).max()
        assert 0.99 * limit <= largest <= limit
    mapped = own(dataset(), return_params=True)
    for epoch in range(3):
        seen = np.concatenate([params[0]["degrees"] for _, params in mapped])
        np.testing.assert_allclose(seen, own.draw(range(12), epoch)[0]["degrees"], rtol=1e-6)
        assert (np.abs(seen).max() == 0) == (epoch == 0)


def test_a_scheduled_probability_and_range():
    never = schedules.Piecewise([3], [0.0, 1.0])
    own = augment.Augmenter([augment.Blur((0.5, 1), probability=never)], seed=1)
    for epoch, share in [(0, 0), (2, 0), (4, 1)]:
        (drawn,) = own.draw(range(N), epoch)
        assert np.mean(drawn["sigma_pixels"].numpy() > 0) == share


def test_a_schedule_is_saved():
    own = augment.Augmenter([augment.Rotate(schedules.Linear(0.0, 40.0, steps=4))], seed=1)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(own))
    assert copy.operations == own.operations
    np.testing.assert_array_equal(
        copy.draw(range(9), 3)[0]["degrees"], own.draw(range(9), 3)[0]["degrees"]
    )


def test_limits_bound_the_strength_of_their_class_alone():
    rotate = augment.Rotate(180, limits={6: 30, 9: 15})
    own = augment.Augmenter([rotate], seed=1)
    labels = np.arange(N) % 10
    degrees = np.abs(own.draw(range(N), labels=labels)[0]["degrees"].numpy())
    free = np.abs(augment.Augmenter([augment.Rotate(180)], seed=1).draw(range(N))[0]["degrees"])
    for label, limit in [(6, 30), (9, 15), (3, 180)]:
        own_degrees = degrees[labels == label]
        assert 0.9 * limit < own_degrees.max() <= limit
        np.testing.assert_allclose(own_degrees, free[labels == label] * limit / 180, rtol=1e-5)


def test_limits_of_single_arguments_and_of_ranges():
    shift = augment.Shift(0.5, 0.4, limits={1: {"max_vertical_fraction": 0}, 2: 0.1})
    blur = augment.Blur((1, 3), limits={0: 2})
    own = augment.Augmenter([shift, blur], seed=1)
    labels = np.arange(N) % 3
    moved, blurred = own.draw(range(N), labels=labels)
    across = np.abs(moved["horizontal_fraction"].numpy())
    down = np.abs(moved["vertical_fraction"].numpy())
    assert down[labels == 1].max() == 0
    assert across[labels == 1].max() > 0.45
    assert across[labels == 2].max() <= 0.1
    assert down[labels == 2].max() <= 0.1
    assert down[labels == 0].max() > 0.35
    sigma = blurred["sigma_pixels"].numpy()
    assert 1 <= sigma[labels == 0].min() < sigma[labels == 0].max() <= 2
    assert sigma[labels == 1].max() > 2.9


def forms_of_labels():
    return {
        "integers": LABELS,
        "columns": LABELS[:, None],
        "floats": LABELS.astype("float32"),
        "vectors": np.eye(3, dtype="float32")[LABELS],
        "strings": np.array(["a", "b", "c"])[LABELS],
    }


@pytest.mark.parametrize("form", forms_of_labels())
@pytest.mark.parametrize("names", [None, ["a", "b", "c"]])
def test_labels_of_every_form(form, names):
    label = "b" if form == "strings" or names else 1
    off = augment.PixelDropout(1.0, fill_value=-1.0, limits={label: 0})
    own = augment.Augmenter([off], seed=1, class_names=names, jit_compile=False)
    parts = [images for images, _ in own(dataset(forms_of_labels()[form]))]
    result = np.concatenate(parts)
    np.testing.assert_array_equal(result[LABELS == 1], IMAGES[LABELS == 1])
    np.testing.assert_array_equal(result[LABELS != 1], -1)


def test_labels_stand_under_their_key_and_single_examples_have_one():
    off = augment.PixelDropout(1.0, fill_value=-1.0, limits={1: 0})
    own = augment.Augmenter([off], seed=1, parts={"label": "kind"}, jit_compile=False)
    data = tf.data.Dataset.from_tensor_slices({"image": IMAGES, "kind": LABELS})
    result = np.stack([each["image"] for each in own(data)])
    np.testing.assert_array_equal(result[LABELS == 1], IMAGES[LABELS == 1])
    np.testing.assert_array_equal(result[LABELS != 1], -1)


@pytest.mark.parametrize(
    ("limits", "error"),
    [
        ({}, ValueError),
        (30, TypeError),
        ({-1: 30}, ValueError),
        ({1.5: 30}, TypeError),
        ({True: 30}, TypeError),
        ({6: -1}, ValueError),
        ({6: "much"}, TypeError),
        ({6: float("inf")}, ValueError),
        ({6: {"degrees": 3}}, ValueError),
        ({6: {"max_degrees": -3}}, ValueError),
    ],
)
def test_bad_limits(limits, error):
    with pytest.raises(error, match=r"argument `limits`.*\(Rotate\)"):
        augment.Rotate(10, limits=limits)


def test_limits_for_a_class_that_does_not_exist():
    limited = [augment.OneOf([augment.Rotate(10, limits={3: 1})])]
    with pytest.raises(ValueError, match=r"`limits`.*0 to 2.*limits=3 \(Rotate\)"):
        augment.Augmenter(limited, seed=1, class_names=["a", "b", "c"])
    vectors = dataset(np.eye(3, dtype="float32")[LABELS])
    with pytest.raises(ValueError, match=r"`limits`.*0 to 2.*limits=3 \(Rotate\)"):
        augment.Augmenter(limited, seed=1)(vectors)
    named = [augment.Rotate(10, limits={"d": 1})]
    with pytest.raises(ValueError, match=r"`limits`.*\['a', 'b', 'c'\].*'d'"):
        augment.Augmenter(named, seed=1, class_names=["a", "b", "c"])


def test_limits_need_labels_they_can_be_compared_with():
    own = augment.Augmenter([augment.Rotate(10, limits={1: 1})], seed=1)
    with pytest.raises(ValueError, match=r"labels, for operations with `limits`"):
        own(dataset().map(lambda image, label: image))
    with pytest.raises(ValueError, match=r"`limits`.*integers as labels|strings as labels"):
        own(dataset(np.array(["a", "b", "c"])[LABELS]))
    named = augment.Augmenter([augment.Rotate(10, limits={"b": 1})], seed=1)
    with pytest.raises(ValueError, match=r"`limits`.*class_names"):
        named(dataset())
    with pytest.raises(ValueError, match=r"`labels`.*vectors"):
        own(tf.data.Dataset.from_tensors((IMAGES, np.zeros((12, 3, 3)))))


@pytest.mark.parametrize("value", [schedules.Linear(-1.0, 5.0, steps=3), schedules.Constant(181)])
def test_a_schedule_outside_of_the_range(value):
    with pytest.raises(ValueError, match=r"argument `max_degrees`.*\(Rotate\)"):
        augment.Rotate(value)


def test_a_schedule_is_followed_whatever_the_backend_of_keras(monkeypatch):
    """Its operations are not TensorFlow's then: it is asked for numbers instead."""
    grows = schedules.Linear(0.0, 40.0, steps=4)
    expected = np.asarray(
        augment.Augmenter([augment.Rotate(grows)], seed=1).draw(range(9), 2)[0]["degrees"]
    )
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    own = augment.Augmenter([augment.Rotate(grows)], seed=1, jit_compile=False)
    np.testing.assert_allclose(own.draw(range(9), 2)[0]["degrees"], expected, rtol=1e-6)
    mapped = own(dataset(), epoch=2, return_params=True)
    seen = np.concatenate([params[0]["degrees"] for _, params in mapped])
    np.testing.assert_allclose(seen[:9], expected, rtol=1e-6)
