"""The picture of dropout masks shows what the layers do, and leaves none of them out."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from kerasreg._register import registered
from kerasreg.report.gallery.dropout_masks import VARIANTS, dropout_masks, feature_maps, masked
from kerasreg.report.gallery.other_dropout import other_dropout
from tests.report.gallery.images import two_images


@pytest.fixture(scope="module")
def maps():
    return feature_maps(two_images())


@pytest.fixture(scope="module")
def dropped(maps):
    return {name: masked(make, maps)[1] for name, (_, make) in VARIANTS.items()}


def test_every_dropout_layer_is_in_one_of_the_two_pictures():
    names = {cls.__name__ for cls in registered() if ".layers.dropout." in cls.__module__}
    other = {panel.get_title() for panel in other_dropout(two_images()).axes}
    in_two_dimensions = {name for name in names if not name.endswith(("1D", "3D"))}
    assert in_two_dimensions <= set(VARIANTS) | other


def test_maps_are_bright_enough_to_be_seen_from_dropped_ones(maps):
    assert maps.shape == (2, 28, 28, 3)
    assert maps.min() >= 0.0999
    assert maps.max() <= 1.0001
    np.testing.assert_array_equal(maps[0], maps[1][:, ::-1])


def test_what_is_dropped_as_one(dropped):
    channels = dropped["SpatialDropout2D"].reshape(2, -1, 3)
    assert (channels == channels[:, :1]).all()
    assert 0 < channels[:, 0].mean() < 1
    examples = dropped["DropPath"].reshape(2, -1)
    assert (examples == examples[:, :1]).all()
    assert sorted(examples[:, 0]) == [False, True]
    shared = dropped["DropBlock2D, shared"]
    assert (shared == shared[..., :1]).all()
    assert not (dropped["DropBlock2D"] == dropped["DropBlock2D"][..., :1]).all()


@pytest.mark.parametrize("name", ["Dropout", "AlphaDropout"])
def test_the_rate_of_single_values(dropped, name):
    n = dropped[name].size
    assert abs(dropped[name].mean() - 0.3) < 5 * (0.3 * 0.7 / n) ** 0.5


def test_noise_drops_nothing(dropped):
    assert not dropped["GaussianDropout"].any()


def test_dropped_values_are_0_and_the_others_scaled(maps):
    values, gone = masked(VARIANTS["Dropout"][1], maps)
    np.testing.assert_allclose(values, np.where(gone, 0, maps / 0.7), rtol=1e-6)


def test_the_picture_has_a_row_for_each_layer():
    figure = dropout_masks(two_images())
    texts = {text.get_text() for panel in figure.axes for text in panel.texts}
    assert set(VARIANTS) <= texts
