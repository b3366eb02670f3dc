import pytest

from kerasreg.layers import linear_rates


def test_survival_probabilities_and_expected_depth_of_the_paper():
    # 54 blocks whose last survives with probability 0.5.
    survival = [1 - rate for rate in linear_rates(54, last=0.5)]
    assert [survival[0], survival[26], survival[53]] == pytest.approx([107 / 108, 0.75, 0.5])
    assert sum(survival) == pytest.approx(40.25)


def test_the_last_block_has_the_last_rate_exactly():
    assert linear_rates(7, 0.1)[-1] == 0.1
    assert linear_rates(1, 0.3) == [0.3]
    assert linear_rates(3, 0) == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("blocks", "last", "error", "name"),
    [
        (0, 0.5, ValueError, "blocks"),
        (2.0, 0.5, TypeError, "blocks"),
        (3, 1.5, ValueError, "last"),
        (3, "a", TypeError, "last"),
    ],
)
def test_wrong_arguments_are_refused(blocks, last, error, name):
    with pytest.raises(error, match=rf"`{name}`.*\(linear_rates\)"):
        linear_rates(blocks, last)
