"""Optimizers under `tf.distribute.MirroredStrategy`, on two logical CPU devices.

The devices have to be made before TensorFlow does anything else, so the test runs in a process of
its own, which is this file as a program.
"""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

if __name__ != "__main__" and keras.backend.backend() != "tensorflow":
    pytest.skip("tf.distribute", allow_module_level=True)


def test_weights_on_two_replicas_follow_the_algorithm():
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    program = [sys.executable, "-m", "tests.optimizers.test_replicas"]
    done = subprocess.run(program, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]


def main():
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])

    from kerasreg.optimizers import Lookahead, WeightGroups
    from tests.optimizers.by_hand import START, compiled, data, looked_ahead

    with strategy.scope():
        sgd = keras.optimizers.SGD(0.1, momentum=0.9)
        model = compiled(Lookahead(sgd, 3), jit_compile=False)
    model.fit(*data(14), batch_size=2, verbose=0)
    expected = looked_ahead(7, 3, 0.5, momentum=0.9)[-1]
    np.testing.assert_allclose(model.get_weights()[0], expected, rtol=1e-5)
    with strategy.scope():
        groups = [{"path": "kernel", "weight_decay": 0.5, "learning_rate_factor": 0.5}]
        grouped = compiled(WeightGroups(keras.optimizers.SGD(0.1), groups), jit_compile=False)
    grouped.fit(*data(6), batch_size=2, verbose=0)
    np.testing.assert_allclose(grouped.get_weights()[0], START * (1 - 0.05 * 1.5) ** 3, rtol=1e-5)
    for variable in (*model.trainable_weights, *model.optimizer.variables):
        first, second = strategy.experimental_local_results(variable.value)
        np.testing.assert_array_equal(np.asarray(first), np.asarray(second))


if __name__ == "__main__":
    main()
