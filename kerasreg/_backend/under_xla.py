"""Who runs what is being traced: XLA or not, on a CPU or not."""

import functools

import keras


def under_xla() -> bool:
    """Returns whether TensorFlow traces a function that XLA is to compile.

    TensorFlow tells no one: the control flow context of the graph, and of those around it, says
    so, and it is private (`Graph._get_control_flow_context`). Graphs that XLA clusters by itself
    are not found, nor is a function that was traced before on its own.
    """
    if keras.config.backend() != "tensorflow":
        return False
    from kerasreg._backend.tensorflow import tf

    if tf.executing_eagerly():
        return False
    graph = tf.compat.v1.get_default_graph()
    while graph is not None:
        context = graph._get_control_flow_context()
        while context is not None:
            if context.IsXLAContext():
                return True
            context = context.outer_context
        graph = getattr(graph, "outer_graph", None)
    return False


@functools.cache
def has_gpu() -> bool:
    """Returns whether TensorFlow sees a GPU."""
    from kerasreg._backend.tensorflow import tf

    return bool(tf.config.list_physical_devices("GPU"))
