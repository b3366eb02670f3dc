"""Sums over real replicas are in the tests of the layers that need them."""

import keras
import pytest
from keras import ops

from kerasreg._backend.replica_sum import replica_sum


def test_outside_a_strategy_the_tensors_come_back():
    tensors = [ops.ones(3), ops.zeros(())]
    assert all(a is b for a, b in zip(replica_sum(tensors), tensors, strict=True))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="only TensorFlow has replicas")
def test_in_a_strategy_of_one_replica_nothing_is_sent():
    import tensorflow as tf

    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    total, count = strategy.run(lambda: replica_sum([tf.constant([1.0, 2.0]), tf.constant(3.0)]))
    assert total.numpy().tolist() == [1.0, 2.0]
    assert float(count) == 3.0


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="only TensorFlow has replicas")
def test_in_a_strategy_of_two_replicas_sums_are_asked_for(monkeypatch):
    import tensorflow as tf

    class Two:
        num_replicas_in_sync = 2

        def all_reduce(self, operation, tensors):
            assert operation == tf.distribute.ReduceOp.SUM
            return [2 * tensor for tensor in tensors]

    monkeypatch.setattr(tf.distribute, "get_replica_context", Two)
    assert [float(tensor) for tensor in replica_sum([tf.constant(3.0)])] == [6.0]
