"""`kerasreg show`: what it finds under which name, and what it says of it."""

import pytest

from kerasreg.cli.list import techniques
from kerasreg.cli.main import main
from kerasreg.cli.show import formulas, found, near, signature

ROWS = techniques()


def paths(name):
    return [row.path for row in found(name, ROWS)]


@pytest.mark.parametrize(
    "name",
    ["EarlyStopping", "earlystopping", "early_stopping", "EARLY STOPPING", "early-stopping"],
)
def test_case_and_underscores_do_not_count(name):
    assert paths(name) == ["kerasreg.callbacks.EarlyStopping"]


def test_a_name_of_two_families_gives_both_and_the_family_chooses():
    both = [
        row.path for row in ROWS if row.path.endswith(".Dropout") or ".GaussianNoise" in row.path
    ]
    assert paths("gaussian_noise") == [path for path in both if "Gaussian" in path]
    assert paths("layers.gaussian_noise") == ["kerasreg.layers.GaussianNoise"]
    assert paths("kerasreg.layers.Dropout") == ["kerasreg.layers.Dropout"]
    assert paths("losses.Dropout") == []


def test_without_its_dimension_a_name_stands_for_all_of_them():
    assert paths("dropblock") == [f"kerasreg.layers.DropBlock{n}D" for n in (1, 2, 3)]
    assert paths("dropblock2d") == ["kerasreg.layers.DropBlock2D"]


def test_a_name_is_text_and_not_a_pattern():
    assert paths("drop.*") == []
    assert paths("") == []


def test_near_names_come_first_by_spelling_then_by_title():
    assert near("dropot", ROWS)[0] == "Dropout"
    assert "DropPath" in near("stochastic depth for each", ROWS)
    assert near("zzzzzz", ROWS) == []


def test_signature_has_the_arguments_without_their_kinds():
    (row,) = found("callbacks.patience", ROWS)
    assert signature(row) == (
        "kerasreg.callbacks.Patience(patience, min_delta=0, *, relative=False, cumulative=True, "
        "baseline=None)"
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.path)
def test_no_signature_holds_an_address(row):
    assert " at 0x" not in signature(row)


def test_formulas_are_those_of_the_technique():
    (dropout,), (elastic,) = found("layers.dropout", ROWS), found("elastic_net", ROWS)
    assert formulas(dropout) == ["y = x * m / (1 - rate)"]
    assert formulas(elastic)[0] == ("strength * sum(l1_fraction * |w| + (1 - l1_fraction) * w^2)")


def test_formulas_in_lines_of_their_own_come_first():
    (block,) = found("drop_block_2d", ROWS)
    gamma = "gamma = rate * H * W / (h * w) / ((H - h + 1) * (W - w + 1))"
    assert formulas(block)[:2] == [gamma, "y = x * m * count(m) / sum(m)"]


def test_what_is_set_is_no_formula():
    (row,) = found("freeze_batch_norm", ROWS)
    assert formulas(row) == []


def test_prints_signature_formula_file_and_paper(capsys):
    assert main(["show", "elastic", "net"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    for part in ("kerasreg.regularizers.ElasticNet(strength", "sum(l1_fraction", "Zou, Hastie"):
        assert part in printed
    assert "kerasreg/regularizers/elastic_net.py" in printed


@pytest.mark.parametrize(("name", "hint"), [("dropot", "Dropout"), ("zzzzzz", "kerasreg list")])
def test_an_unknown_name_is_one_line_and_a_failure(name, hint, capsys):
    assert main(["show", name]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert hint in err
    assert name in err
