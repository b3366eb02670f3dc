"""Terms of wrapped models, and penalties of the models inside, count once for all replicas."""

import subprocess
import sys

import keras
import pytest

# The number of devices must be set before TensorFlow starts: hence a process of its own.
SCRIPT = """
import keras
import numpy as np
import tensorflow as tf
from kerasreg import models

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
x = np.random.default_rng(0).normal(size=(16, 4))
y = np.arange(16) % 3
kernel = np.random.default_rng(2).normal(size=(4, 3))

def trained(wrapped, loss):
    dense = keras.layers.Dense(3, kernel_regularizer=keras.regularizers.L2(0.5))
    inside = keras.Sequential([keras.Input((4,)), dense])
    inside.set_weights([kernel, np.ones(3)])
    model = wrapped(inside)
    model.compile(keras.optimizers.SGD(0.1), loss, jit_compile=False)
    labels = [] if loss is None else [y]
    logs = model.fit(x, *labels, batch_size=8, shuffle=False, verbose=0).history
    return np.concatenate([*logs.values(), *(each.ravel() for each in model.get_weights())])

def equal(wrapped, loss, tolerance):
    alone = trained(wrapped, loss)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    assert strategy.num_replicas_in_sync == 2
    with strategy.scope():
        found = trained(wrapped, loss)
    np.testing.assert_allclose(found, alone, rtol=tolerance, atol=tolerance)

loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
equal(lambda inside: models.with_rdrop(inside, from_logits=True), loss, 1e-5)
equal(lambda inside: models.with_jacobian_penalty(inside, 0.1, projections=None), loss, 1e-5)
equal(lambda inside: models.with_sam(inside, 1e-6), loss, 1e-5)
# The directions are drawn by replica.
equal(lambda inside: models.with_vat(inside, radius=1e-3, from_logits=True), loss, 1e-3)
equal(lambda inside: models.with_vat(inside, radius=1e-3, from_logits=True), None, 1e-3)
"""


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a strategy of TensorFlow")
def test_two_replicas_equal_one_device():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
