import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from kerasreg._backend.penalty_meter import PenaltyMeter, meter_of
from kerasreg.callbacks import PenaltyMonitor

X, Y = np.ones((4, 2), "float32"), np.ones((4, 1), "float32")


def compiled():
    dense = keras.layers.Dense(1, kernel_regularizer="l2", name="dense")
    model = keras.Sequential([keras.Input((2,)), dense])
    model.compile("sgd", "mse", metrics=["mae"])
    return model


def test_detaching_leaves_the_model_as_it_was():
    model = compiled()
    model.fit(X, Y, verbose=0)
    model.evaluate(X, Y, verbose=0)
    before, loss = dict(vars(model)), dict(vars(model._compile_loss))
    metrics = list(model.metrics)
    meter = PenaltyMeter(model, lambda: ["dense/kernel"])
    meter.attach()
    assert meter_of(model) is meter
    assert model.metrics != metrics
    assert model.test_function is not before["test_function"]
    meter.detach()
    meter.detach()
    assert meter_of(model) is None
    assert dict(vars(model)) == before
    assert dict(vars(model._compile_loss)) == loss
    assert model.metrics == metrics


class Failing(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        raise KeyboardInterrupt


@pytest.mark.parametrize("again", ["fit", "evaluate", "monitored"])
def test_an_exception_in_fit_has_no_consequence_for_the_next_call(again):
    model = compiled()
    monitor = PenaltyMonitor()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, verbose=0, callbacks=[monitor, Failing()])
    if again == "evaluate":
        assert len(model.evaluate(X, Y, verbose=0)) == 2
    elif again == "fit":
        history = model.fit(X, Y, verbose=0, validation_data=(X, Y)).history
        assert set(history) == {"loss", "mae", "val_loss", "val_mae"}
    else:
        history = model.fit(X, Y, verbose=0, callbacks=[PenaltyMonitor()]).history
        total = history["data_loss"][0] + history["penalty"][0]
        assert total == pytest.approx(history["loss"][0], rel=1e-6)
    assert meter_of(model) is None


REPLICAS = """
import keras, numpy as np, tensorflow as tf
from kerasreg.callbacks import PenaltyMonitor
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    arguments = dict(kernel_initializer="ones", kernel_regularizer=keras.regularizers.L2(0.5))
    arguments |= dict(use_bias=False, activity_regularizer="l2", name="dense")
    dense = keras.layers.Dense(1, **arguments)
    model = keras.Sequential([keras.Input((1,)), dense])
    model.compile(keras.optimizers.SGD(0.0), "mse", jit_compile=False)
x = np.arange(8.0).reshape(8, 1)
callbacks = [PenaltyMonitor(terms=True)]
data = (x, 0 * x)
logs = model.fit(*data, batch_size=4, verbose=0, validation_data=data, callbacks=callbacks).history
for prefix in ("", "val_"):
    found = [logs[prefix + name][0] for name in ("data_loss", "penalty/dense/kernel")]
    np.testing.assert_allclose(found, [np.mean(x**2), 0.5], rtol=1e-6)
    total = logs[prefix + "data_loss"][0] + logs[prefix + "penalty"][0]
    np.testing.assert_allclose(total, logs[prefix + "loss"][0], rtol=1e-6)
"""


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.distribute")
def test_two_replicas():
    # The devices have to be made before TensorFlow does anything else.
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    program = [sys.executable, "-c", REPLICAS]
    done = subprocess.run(program, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
