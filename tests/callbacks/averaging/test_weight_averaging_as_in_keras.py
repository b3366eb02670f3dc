"""Keras' own tests of `SwapEMAWeights`, run on `WeightAveraging`, which takes its place."""

import pytest

pytest.importorskip("tensorflow")  # which Keras' file imports

from keras.src.callbacks import swap_ema_weights_test

from kerasreg.callbacks import WeightAveraging


@pytest.fixture(autouse=True)
def made(monkeypatch):
    made = []

    def make(swap_on_epoch=False):
        made.append(WeightAveraging("ema", decay=0.9))
        return made[-1]

    monkeypatch.setattr(swap_ema_weights_test.callbacks, "SwapEMAWeights", make)
    yield made
    assert made


class TestSwapEMAWeightsOfKeras(swap_ema_weights_test.SwapEMAWeightsTest):
    # It needs no optimizer with `use_ema`.
    test_swap_ema_weights_with_invalid_optimizer = None
