import numpy as np
import pytest

from kerasreg import augment
from kerasreg.augment.policy._table import NAMES


def drawn(operation, count):
    (params,) = augment.Augmenter([operation], seed=3).draw(range(count))
    return {name: value.numpy() for name, value in params.items()}


def test_one_operation_of_fourteen_at_one_level_of_thirty_one():
    n = 14 * 31 * 40
    params = drawn(augment.TrivialAugment(), n)
    assert params["operation"].shape == (n, 1)
    counts = np.bincount(params["operation"][:, 0])
    assert (np.abs(counts[counts > 0] - n / 14) <= 5 * np.sqrt(n / 14)).all()
    degrees = np.abs(params["amount"][params["operation"] == NAMES.index("Rotate")])
    levels, counts = np.unique(np.round(degrees, 3), return_counts=True)
    np.testing.assert_allclose(levels, np.arange(31) * 4.5, atol=1e-3)
    expected = len(degrees) / 31
    assert (np.abs(counts - expected) <= 5 * np.sqrt(expected)).all()


def test_a_smaller_magnitude_scales_all_levels():
    params = drawn(augment.TrivialAugment(max_magnitude=2.0), 4000)
    degrees = np.abs(params["amount"][params["operation"] == NAMES.index("Rotate")])
    assert np.isclose(degrees.max(), 27, atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ({"max_magnitude": 10.5}, ValueError, "max_magnitude"),
        ({"max_magnitude": (1, 2)}, TypeError, "max_magnitude"),
        ({"probability": -1}, ValueError, "probability"),
    ],
)
def test_bad_arguments(arguments, error, name):
    with pytest.raises(error, match=rf"argument `{name}`.*\(TrivialAugment\)"):
        augment.TrivialAugment(**arguments)
