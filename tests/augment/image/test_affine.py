import numpy as np
import pytest

from kerasreg.augment import Affine, Augmenter, Rotate, Shear, Shift, Zoom
from tests.augment.by_hand import by_hand, photograph

VALUES = {
    "degrees": 17.0,
    "horizontal_fraction": 0.2,
    "vertical_fraction": -0.1,
    "factor": 1.3,
    "horizontal_shear_degrees": 12.0,
    "vertical_shear_degrees": -7.0,
}


def batch(**values):
    return {name: np.full(2, value, "float32") for name, value in values.items()}


def test_it_is_zoom_shear_rotation_and_shift_in_this_order():
    images = photograph(2, 13, 18, 2) / 255
    result = by_hand([Affine()], [batch(**VALUES)], images, fill_value=0.5)
    steps = [
        (Zoom(1, 0), batch(horizontal_factor=1.3, vertical_factor=1.3)),
        (Shear(30, 30), batch(horizontal_degrees=12.0, vertical_degrees=-7.0)),
        (Rotate(30), batch(degrees=17.0)),
        (Shift(1, 1), batch(horizontal_fraction=0.2, vertical_fraction=-0.1)),
    ]
    operations, parameters = zip(*steps, strict=True)
    expected = by_hand(list(operations), parameters, images, fill_value=0.5)
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_what_is_not_asked_for_is_not_done():
    (drawn,) = Augmenter([Affine(20)], seed=4).draw(range(100))
    assert len(np.unique(drawn["degrees"])) > 95
    assert (drawn["factor"].numpy() == 1).all()
    for name in VALUES:
        if name not in ("degrees", "factor"):
            assert not drawn[name].numpy().any()


def test_each_number_is_drawn_by_itself():
    n = 20_000
    affine = Affine(
        10,
        max_horizontal_fraction=0.1,
        max_vertical_fraction=0.2,
        max_in_fraction=0.3,
        max_out_fraction=0.4,
        max_horizontal_shear_degrees=5,
        max_vertical_shear_degrees=6,
    )
    (drawn,) = Augmenter([affine], seed=4).draw(range(n))
    limits = [10, 0.1, 0.2, 0.35, 5, 6]
    for (name, value), limit in zip(drawn.items(), limits, strict=True):
        centred = value.numpy() - (0.95 if name == "factor" else 0)
        assert 0.99 * limit < np.abs(centred).max() <= limit * (1 + 1e-6)
        assert abs(centred.mean()) < 5 * limit / np.sqrt(3 * n)
    together = np.corrcoef(np.stack([value.numpy() for value in drawn.values()]))
    assert np.abs(together - np.eye(6)).max() < 5 / np.sqrt(n)


@pytest.mark.parametrize(
    ("make", "error", "name"),
    [
        (lambda: Affine(181), ValueError, "max_degrees"),
        (lambda: Affine(max_horizontal_fraction=2), ValueError, "max_horizontal_fraction"),
        (lambda: Affine(max_out_fraction=1.0), ValueError, "max_out_fraction"),
        (lambda: Affine(max_in_fraction=None), TypeError, "max_in_fraction"),
        (lambda: Affine(max_vertical_shear_degrees=90), ValueError, "max_vertical_shear_degrees"),
        (lambda: Affine(limits={1: {"max_zoom": 1}}), ValueError, "limits"),
    ],
)
def test_bad_arguments(make, error, name):
    with pytest.raises(error, match=rf"Invalid value received for argument `{name}`"):
        make()
