import numpy as np
import pytest

from kerasreg.regularizers import L1, L1L2, L2, ElasticNet

WEIGHTS = np.array([[3.0, 0.0, 1.0], [4.0, 0.0, -2.0]])


@pytest.mark.parametrize("l1_fraction", [0.0, 0.25, 0.5, 1.0])
def test_value(l1_fraction):
    expected = 0.1 * (l1_fraction * np.abs(WEIGHTS).sum() + (1 - l1_fraction) * (WEIGHTS**2).sum())
    assert float(ElasticNet(0.1, l1_fraction=l1_fraction)(WEIGHTS)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("mixed", "same"),
    [
        (ElasticNet(0.3, l1_fraction=1), L1(0.3)),
        (ElasticNet(0.3, l1_fraction=0), L2(0.3)),
        (ElasticNet(0.5, l1_fraction=0.25), L1L2(l1=0.125, l2=0.375)),
    ],
)
def test_other_penalties_are_special_cases(mixed, same):
    assert float(mixed(WEIGHTS)) == float(same(WEIGHTS))


def test_gradient(gradient):
    steps = gradient(ElasticNet(0.5, l1_fraction=0.25), WEIGHTS)
    expected = 0.5 * (0.25 * np.sign(WEIGHTS) + 0.75 * 2 * WEIGHTS)
    np.testing.assert_allclose(steps, expected, atol=1e-6)


def test_config_holds_the_arguments_to_the_last_digit():
    config = ElasticNet(0.01, l1_fraction=0.1).get_config()
    assert config == {"strength": 0.01, "l1_fraction": 0.1}
    assert ElasticNet.from_config(config).get_config() == config


def test_defaults():
    assert ElasticNet().get_config() == {"strength": 0.01, "l1_fraction": 0.5}


@pytest.mark.parametrize("l1_fraction", [1.5, -0.1, np.nan, np.inf])
def test_fraction_out_of_range(l1_fraction):
    with pytest.raises(ValueError, match=r"`l1_fraction`.*between 0 and 1.*\(ElasticNet\)"):
        ElasticNet(0.1, l1_fraction=l1_fraction)
