import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasreg
from kerasreg import augment

COUNT = 40
SIDES = np.arange(COUNT) % 2
IMAGES = np.random.default_rng(0).normal(scale=20, size=(COUNT, 6, 6, 1)).astype("float32")
for i, side in enumerate(SIDES):  # bright on the left, or on the right
    IMAGES[i, :, 3 * side : 3 * side + 3] += 100


def halves(labels=SIDES):
    return tf.data.Dataset.from_tensor_slices((IMAGES, labels)).batch(16)


def turning(*more, **arguments):
    return augment.Augmenter([augment.Rotate(180, **arguments), *more], seed=1)


@pytest.fixture(scope="module")
def digits():
    train = kerasreg.datasets.load("digits").train.as_dataset(100)
    own = augment.Augmenter([augment.Rotate(180), augment.PixelDropout(0.05)], seed=1)
    return train, augment.audit(own, train)


def test_a_turned_six_is_a_nine(digits):
    train, report = digits
    assert report.looks_like("Rotate", 6) == 9
    assert {"Rotate"} == set(report.limits)
    assert {6, 9} <= set(report.limits["Rotate"])
    assert 0 not in report.limits["Rotate"]
    for limit in report.limits["Rotate"].values():
        assert 90 <= limit["max_degrees"] < 180
    shown = str(report).splitlines()
    assert shown[0].split() == ["operation", "class", "looks", "like", "lost", "limit"]
    assert any(line.split()[:3] == ["Rotate", "6", "9"] for line in shown)
    again = augment.audit(report.augmenter, train)
    assert again.findings == []
    assert str(again) == "No class loses more than 10% of its examples to others."


def test_the_figure_names_the_classes(digits):
    figure = digits[1].plot()
    names = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert "6 (like 9)" in names
    assert figure.axes[0].get_title() == "Rotate"


def test_nearest_neighbours_count_only_what_is_near():
    report = augment.audit(turning(augment.Shift(1.0, 1.0)), halves(), steps=3)
    # Shifted out of the picture nothing is left, which is neither side.
    assert set(report.limits) == {"Rotate"}
    assert report.limits["Rotate"] == {
        0: {"max_degrees": pytest.approx(120)},
        1: {"max_degrees": pytest.approx(120)},
    }
    (first, _) = report.findings
    assert first[:3] == ("Rotate", 0, 1)
    assert first.share > 0.5


def a_model(units=2):
    """Says 1 where the right half is the brighter one."""
    right = np.where(np.arange(6) >= 3, 1.0, -1.0)
    weights = np.tile(right, 6)[:, None] / 1000
    layers = [keras.Input((6, 6, 1)), keras.layers.Flatten()]
    if units == 1:
        layers.append(keras.layers.Dense(1, "sigmoid"))
    else:
        weights = np.concatenate([-weights, weights, weights[:, :0].repeat(1, axis=1)], axis=1)
        layers.append(keras.layers.Dense(2))
    model = keras.Sequential(layers)
    model.set_weights([weights, np.zeros(units)])
    return model


@pytest.mark.parametrize("units", [1, 2])
def test_a_model_judges(units):
    report = augment.audit(turning(), halves(), a_model(units), steps=3)
    assert report.looks_like("Rotate", 0) == 1
    assert report.looks_like("Rotate", 1) == 0
    # Beyond a quarter turn the bright half is on the other side.
    assert report.limits["Rotate"][0] == {"max_degrees": pytest.approx(60)}
    curve = report.curves[0]
    np.testing.assert_allclose(curve.factors, [0, 1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(curve.shares[:, 0, 0, 0], [1, 1, 0, 0])


def test_limits_that_are_there_hold_and_stay():
    own = turning(limits={1: 60})
    report = augment.audit(own, halves(), a_model(), steps=3)
    assert list(report.limits["Rotate"]) == [0]
    assert report.augmenter.operations[0].limits == {1: 60.0, 0: {"max_degrees": pytest.approx(60)}}
    assert augment.audit(report.augmenter, halves(), a_model(), steps=3).findings == []


def test_operations_within_groups_are_found_and_limited():
    inner = augment.OneOf([augment.Rotate(180, probability=0.1), augment.Blur(1)])
    own = augment.Augmenter([augment.Sequence([inner]), augment.PixelDropout(0.01)], seed=1)
    report = augment.audit(own, halves(), a_model(), steps=3)
    assert [name for name, _ in report._named()] == ["Rotate", "Blur", "PixelDropout"]
    limited = report.augmenter.operations[0].operations[0].operations[0]
    assert limited.limits == {
        0: {"max_degrees": pytest.approx(60)},
        1: {"max_degrees": pytest.approx(60)},
    }
    assert limited.probability == 0.1


def test_two_operations_of_one_class_have_numbers():
    own = augment.Augmenter([augment.Rotate(20), augment.Rotate(180)], seed=1)
    report = augment.audit(own, halves(), a_model(), steps=3)
    assert set(report.limits) == {"Rotate 2"}
    first, second = report.augmenter.operations
    assert first.limits is None
    assert second.limits is not None


@pytest.mark.parametrize("form", ["strings", "vectors", "names"])
def test_labels_of_every_form(form):
    names = ["left", "right"]
    labels = {
        "strings": np.array(names)[SIDES],
        "vectors": np.eye(2, dtype="float32")[SIDES],
        "names": SIDES,
    }[form]
    own = augment.Augmenter(
        [augment.Rotate(180)], seed=1, class_names=names if form == "names" else None
    )
    report = augment.audit(own, halves(labels), a_model(), steps=3)
    expected = names if form == "strings" else [0, 1]
    assert list(report.labels) == expected
    assert report.looks_like("Rotate", expected[0]) == expected[1]
    assert augment.audit(report.augmenter, halves(labels), a_model(), steps=3).findings == []


@pytest.mark.parametrize(
    ("change", "error", "name"),
    [
        ({"augmenter": augment.Rotate(3)}, TypeError, "augmenter"),
        ({"dataset": IMAGES}, TypeError, "dataset"),
        ({"dataset": halves().map(lambda image, label: image)}, ValueError, "dataset"),
        ({"dataset": halves(0 * SIDES)}, ValueError, "dataset"),
        ({"dataset": halves().take(0)}, ValueError, "dataset"),
        ({"examples": 1}, ValueError, "examples"),
        ({"steps": 0}, ValueError, "steps"),
        ({"tolerance": 2}, ValueError, "tolerance"),
        ({"dataset": halves(SIDES + 1), "model": a_model()}, ValueError, "model"),
    ],
)
def test_bad_arguments(change, error, name):
    arguments = {"augmenter": turning(), "dataset": halves(), "steps": 1, **change}
    with pytest.raises(error, match=f"argument `{name}`"):
        augment.audit(**arguments)


def test_unknown_names_are_refused():
    report = augment.audit(turning(), halves(), a_model(), steps=1)
    with pytest.raises(ValueError, match=r"`operation`.*\['Rotate'\]"):
        report.looks_like("Flip", 0)
    with pytest.raises(ValueError, match=r"`label`.*\[0, 1\]"):
        report.looks_like("Rotate", 2)
