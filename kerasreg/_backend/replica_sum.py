"""Sums over the replicas of a distribution strategy, which only TensorFlow has."""

import keras


def replica_sum(tensors: list) -> list:
    """Returns the sum of each tensor over all replicas; outside a strategy, the tensors.

    `keras.ops.moments(synchronized=True)` is all that Keras offers: it divides by a number of
    elements that it does not tell, and takes no mask.
    """
    if keras.backend.backend() != "tensorflow":
        return tensors
    from kerasreg._backend.tensorflow import tf

    replica = tf.distribute.get_replica_context()
    if replica is None or replica.num_replicas_in_sync == 1:
        return tensors
    return replica.all_reduce(tf.distribute.ReduceOp.SUM, tensors)
