"""Every layer under `tf.distribute.MirroredStrategy`, on two logical CPU devices.

The devices have to be made before TensorFlow does anything else, so the rows run in a process of
their own, which is this file as a program: it prints the rows that fail.
"""

import os
import subprocess
import sys
import traceback

import keras
import numpy as np
import pytest
from keras import ops

if __name__ != "__main__" and keras.backend.backend() != "tensorflow":
    pytest.skip("tf.distribute", allow_module_level=True)


def test_every_layer_trains_on_two_replicas_which_stay_equal_and_draw_apart():
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    program = [sys.executable, "-m", "tests.conformance.test_replicas"]
    done = subprocess.run(program, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]


def check(case, strategy):
    import tensorflow as tf

    from tests.conformance.test_layers import data, layer_in, model_of

    keras.utils.set_random_seed(0)
    with strategy.scope():
        model = model_of(case)
        if case.open_axes:  # targets have one shape only
            model = keras.Sequential([model, keras.layers.GlobalAveragePooling1D()])
        model.compile("sgd", "mse", jit_compile=False)
    x = data(case, 8)
    y = np.ones(ops.shape(model(x)), "float32")
    before = model.get_weights()
    logs = model.fit(x, y, batch_size=4, epochs=1, verbose=0).history
    assert np.isfinite(logs["loss"]).all()
    after = model.get_weights()
    assert any((a != b).any() for a, b in zip(before, after, strict=True))
    for weight in model.trainable_weights:
        first, second = (
            np.asarray(each) for each in strategy.experimental_local_results(weight.value)
        )
        np.testing.assert_array_equal(first, second)
    if not case.random:
        return
    inner = model.layers[0] if case.open_axes else model
    call = tf.function(lambda: strategy.run(lambda: inner(tf.constant(x), training=True)))
    first, second = strategy.experimental_local_results(call())
    assert not np.array_equal(first, second)
    layer = layer_in(inner, case)
    states = strategy.experimental_local_results(layer.seed_generator.state.value)
    np.testing.assert_array_equal(np.asarray(states[0]), np.asarray(states[1]))


def main():
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])

    from tests.conformance.test_layers import LAYERS

    failed = 0
    for case in LAYERS:
        try:
            check(case, strategy)
        except Exception:
            failed += 1
            print(f"{case}: {traceback.format_exc()[-1500:]}")
    print(f"{len(LAYERS)} rows, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
