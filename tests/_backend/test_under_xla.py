import keras
import pytest

from kerasreg._backend.under_xla import has_gpu, under_xla

only_tensorflow = pytest.mark.skipif(
    keras.config.backend() != "tensorflow", reason="asks TensorFlow's graphs"
)


def test_not_in_an_eager_call():
    assert under_xla() is False


@only_tensorflow
@pytest.mark.parametrize("jit_compile", [False, True])
def test_in_a_function_and_in_all_that_it_calls(jit_compile):
    import tensorflow as tf

    seen = []

    def note():
        seen.append(under_xla())
        return tf.constant(0)

    inner = tf.function(note)

    @tf.function(jit_compile=jit_compile)
    def outer():
        note()
        inner()
        tf.cond(tf.constant(True), note, lambda: tf.constant(1))
        tf.while_loop(lambda i: i < 2, lambda i: i + 1 + note(), [0])

    outer.get_concrete_function()
    assert len(seen) == 4
    assert set(seen) == {jit_compile}


@only_tensorflow
def test_in_a_compiled_function_that_a_graph_calls_but_not_after_it():
    import tensorflow as tf

    seen = []

    @tf.function(jit_compile=True)
    def compiled():
        seen.append(under_xla())

    @tf.function
    def outer():
        compiled()
        seen.append(under_xla())

    outer.get_concrete_function()
    assert seen == [True, False]


@only_tensorflow
def test_gpu_is_one_that_tensorflow_lists():
    import tensorflow as tf

    assert has_gpu() == bool(tf.config.list_physical_devices("GPU"))
