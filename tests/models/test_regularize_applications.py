"""`regularize` on models of `keras.applications`, without pretrained weights."""

import keras
import numpy as np
import pytest
from keras import ops

import kerasreg
from kerasreg.regularizers import L1, L2

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="large models: one backend is enough"
)

KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")
SHAPE = (32, 32, 3)


@pytest.fixture(
    scope="module", params=["ResNet50", "EfficientNetV2B0", "MobileNetV3Small", "ConvNeXtTiny"]
)
def models(request):
    """Returns a model and the one with penalties made of it."""
    make = getattr(keras.applications, request.param)
    model = make(weights=None, include_top=False, pooling="avg", input_shape=SHAPE)
    rules = [L2(1e-4), kerasreg.models.Penalize(L1(1e-6), weights="gamma", rank=1)]
    yield model, kerasreg.regularize(model, rules, show=False)
    keras.backend.clear_session()


@pytest.fixture(scope="module")
def batch():
    return np.random.default_rng(0).uniform(0, 255, (2, *SHAPE)).astype("float32")


def by_hand(model):
    """Returns the penalty in float64."""
    total = 0.0
    for weight in model.trainable_weights:
        values = ops.convert_to_numpy(weight.value).astype("float64")
        if weight.name in KERNELS:
            total += 1e-4 * np.sum(np.square(values))
        elif weight.name == "gamma" and values.ndim == 1:
            total += 1e-6 * np.sum(np.abs(values))
    return total


def penalty(model):
    return sum(float(loss) for loss in model.losses)


def test_penalty_and_outputs(models, batch):
    old, new = models
    assert old.losses == []
    assert penalty(new) == pytest.approx(by_hand(old), rel=1e-6)
    kernels = [weight for weight in old.trainable_weights if weight.name in KERNELS]
    assert len(kernels) > 50
    assert len(new.losses) > len(kernels)
    for one, other in zip(old.variables, new.variables, strict=True):
        np.testing.assert_array_equal(*map(ops.convert_to_numpy, (one.value, other.value)))
    outputs = [ops.convert_to_numpy(model(batch, training=False)) for model in models]
    np.testing.assert_array_equal(*outputs)


def test_saved_and_loaded(models, tmp_path):
    _, new = models
    new.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert penalty(loaded) == penalty(new) == pytest.approx(by_hand(loaded), rel=1e-6)


def test_fit(models, batch):
    old, new = models
    # Without a data loss, a step of gradient descent takes lr * 2 * strength of each kernel.
    new.compile(keras.optimizers.SGD(2500.0), lambda y, out: 0.0 * ops.sum(out), run_eagerly=True)
    history = new.fit(batch, np.zeros((2, 1), "float32"), verbose=0).history
    assert history["loss"][0] == pytest.approx(by_hand(old), rel=1e-5)
    for one, other in zip(old.trainable_weights, new.trainable_weights, strict=True):
        if one.name in KERNELS:
            before, after = (ops.convert_to_numpy(weight.value) for weight in (one, other))
            np.testing.assert_allclose(after, 0.5 * before, rtol=1e-4, atol=1e-7)
