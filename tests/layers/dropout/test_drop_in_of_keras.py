"""Keras' own tests of its random layers, run on ours of the same names."""

import keras
import pytest
from keras.src.layers.regularization import (
    alpha_dropout_test,
    gaussian_dropout_test,
    gaussian_noise_test,
    spatial_dropout_test,
)

import kerasreg

NAMES = (
    "AlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
)


@pytest.fixture(autouse=True)
def ours_in_place_of_theirs(monkeypatch):
    for name in NAMES:
        monkeypatch.setattr(alpha_dropout_test.layers, name, getattr(kerasreg.layers, name))


class TestAlphaDropoutOfKeras(alpha_dropout_test.AlphaDropoutTest):
    pass


class TestGaussianDropoutOfKeras(gaussian_dropout_test.GaussianDropoutTest):
    pass


class TestGaussianNoiseOfKeras(gaussian_noise_test.GaussianNoiseTest):
    pass


class TestSpatialDropoutOfKeras(spatial_dropout_test.SpatialDropoutTest):
    pass


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "module",
    [alpha_dropout_test, gaussian_dropout_test, gaussian_noise_test, spatial_dropout_test],
    ids=lambda module: module.__name__.rpartition(".")[2],
)
def test_the_class_under_test_is_ours(name, module):
    assert getattr(module.layers, name) is getattr(kerasreg.layers, name)


@pytest.mark.parametrize("name", NAMES)
def test_ours_is_an_instance_of_theirs(name):
    layer = getattr(kerasreg.layers, name)(0.5)
    assert isinstance(layer, getattr(keras.layers, name))
