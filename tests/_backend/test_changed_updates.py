import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

from kerasreg._backend.changed_updates import Change, ChangedUpdates, step_size

X, Y = np.ones((4, 2), "float32"), np.zeros((4, 1), "float32")


class Changing(keras.callbacks.Callback):
    """Sets a weight to the step size, and looks at it between the steps."""

    def on_train_begin(self, logs=None):
        kernel = self.model.layers[0].kernel
        change = Change(kernel, None, lambda value, size: ops.zeros_like(value) + size)
        self.updates = ChangedUpdates(self.model, [change])
        self.seen = [(kernel.regularizer, kernel.constraint)]

    def on_train_batch_begin(self, batch, logs=None):
        self.left_out = [weight.name for weight in self.updates.left_out()]
        self.updates.ensure()
        self.step = self.model.train_function
        self.updates.ensure()

    def on_train_batch_end(self, batch, logs=None):
        kernel = self.model.layers[0].kernel
        self.seen.append((kernel.regularizer, kernel.constraint))

    def on_train_end(self, logs=None):
        self.updates.detach()


def model():
    dense = keras.layers.Dense(1, kernel_regularizer="l2", kernel_constraint="non_neg")
    model = keras.Sequential([keras.Input((2,)), dense])
    model.compile(keras.optimizers.SGD(0.25), "mse")
    return model


def test_the_weight_is_its_own_between_the_steps_and_after_them():
    changed, callback = model(), Changing()
    own_step = changed.train_step
    changed.fit(X, Y, verbose=0, callbacks=[callback])
    np.testing.assert_array_equal(changed.get_weights()[0], [[0.25], [0.25]])
    assert callback.left_out == ["kernel"]
    assert callback.updates.left_out() == []
    assert callback.seen[0] == callback.seen[1]
    assert type(callback.seen[0][0]) is keras.regularizers.L2
    assert changed.train_function is None
    assert changed.train_step == own_step


def test_its_step_leaves_off_outside_of_the_fit():
    changed, callback = model(), Changing()
    changed.fit(X, Y, verbose=0, callbacks=[callback])
    changed.train_function = callback.step
    changed.train_on_batch(X, Y)
    assert changed.train_function is not callback.step
    assert not np.array_equal(changed.get_weights()[0], [[0.25], [0.25]])


@pytest.mark.parametrize(
    ("optimizer", "size"),
    [
        (keras.optimizers.SGD(0.25), 0.25),
        (keras.optimizers.SGD(0.25, momentum=0.75, nesterov=True), 1.0),
        (keras.optimizers.Adam(0.25), 0.25),
        (keras.optimizers.RMSprop(0.25, momentum=0.5), 0.25),
        (keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.25, 9)), 0.25),
    ],
    ids=["sgd", "momentum", "adam", "rmsprop", "schedule"],
)
def test_step_size(optimizer, size):
    assert float(step_size(optimizer)) == pytest.approx(size)


REPLICAS = """
import keras, numpy as np, tensorflow as tf
from kerasreg.callbacks import ProximalStep
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    arguments = dict(kernel_initializer="ones", kernel_regularizer=keras.regularizers.L1(0.5))
    dense = keras.layers.Dense(1, use_bias=False, **arguments)
    model = keras.Sequential([keras.Input((1,)), dense])
    model.compile(keras.optimizers.SGD(0.125), "mse", jit_compile=False)
x = np.ones((4, 1), "float32")
model.fit(x, 0 * x, batch_size=4, epochs=2, verbose=0, callbacks=[ProximalStep()])
w = 1.0
for _ in range(2):
    w = w - 0.125 * 2 * w - 0.125 * 0.5
np.testing.assert_allclose(model.get_weights()[0], [[w]], rtol=1e-6)
"""


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="tf.distribute")
def test_two_replicas():
    # The devices have to be made before TensorFlow does anything else.
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    program = [sys.executable, "-c", REPLICAS]
    done = subprocess.run(program, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
