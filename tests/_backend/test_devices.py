"""What a backend says of its devices and settings."""

import keras
import pytest

from kerasreg._backend.devices import devices, runs_eagerly, xla_compiles

BACKEND = keras.config.backend()


def test_there_is_a_device_and_each_has_a_kind_and_a_number():
    found = devices()
    assert found
    for name in found:
        kind, _, number = name.partition(":")
        assert kind in ("CPU", "GPU", "CUDA", "TPU")
        assert number.isdigit()


def test_xla_is_known_where_the_backend_uses_it():
    assert (xla_compiles() is None) == (BACKEND == "torch")


@pytest.mark.skipif(BACKEND != "tensorflow", reason="a setting of TensorFlow")
def test_a_setting_that_runs_operation_by_operation_is_seen():
    import tensorflow as tf

    assert not runs_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        assert runs_eagerly()
    finally:
        tf.config.run_functions_eagerly(False)
