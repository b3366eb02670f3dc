"""Penalties count once, not once for each replica."""

import subprocess
import sys

import keras
import pytest

# The number of devices must be set before TensorFlow starts: hence a process of its own.
SCRIPT = """
import keras
import numpy as np
import tensorflow as tf
from kerasreg import regularizers, schedules

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
x = np.random.default_rng(0).normal(size=(16, 4))
y = np.random.default_rng(1).normal(size=(16, 2))
kernel = np.random.default_rng(2).normal(size=(4, 2))

def trained():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(
        2,
        kernel_regularizer=regularizers.ElasticNet(0.1),
        bias_regularizer=regularizers.Sum(
            regularizers.L1(schedules.Linear(0, 0.1, steps=4)),
            regularizers.Folded(regularizers.L2(schedules.Linear(0, 0.1, steps=4))),
        ),
        activity_regularizer=regularizers.L2(0.1),
    )])
    model.set_weights([kernel, np.ones(2)])
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
    return model

def result(model):
    losses = model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0).history["loss"]
    return np.concatenate([losses, *(weight.ravel() for weight in model.get_weights())])

alone = result(trained())
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
assert strategy.num_replicas_in_sync == 2
with strategy.scope():
    model = trained()
np.testing.assert_allclose(result(model), alone, rtol=1e-5)
"""


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a strategy of TensorFlow")
def test_two_replicas_equal_one_device():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
