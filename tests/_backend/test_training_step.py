import keras
import numpy as np
import pytest
from keras import ops

from kerasreg._backend.compiled import compiled
from kerasreg._backend.training_step import UnknownStepError, at_step, step_of, training_step

BACKEND = keras.backend.backend()
X, Y = np.zeros((8, 3)), np.zeros((8, 1))


class Step(keras.regularizers.Regularizer):
    """A penalty that is the step."""

    def __call__(self, x):
        return ops.cast(training_step(ops.convert_to_tensor(x)), "float32") + 0 * ops.sum(x)

    def get_config(self):
        return {}


def counting(optimizer="sgd", *, of_outputs=False, **arguments):
    """Returns a model whose loss is the mean of the step."""
    penalty = {"activity_regularizer" if of_outputs else "kernel_regularizer": Step()}
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, **penalty)])
    model.compile(optimizer, lambda y, predicted: 0 * ops.sum(predicted, axis=-1), **arguments)
    return model


def fitted(model):
    validation = {"validation_data": (X, Y), "validation_batch_size": 4}
    history = model.fit(X, Y, batch_size=2, epochs=2, verbose=0, **validation).history
    return [history["loss"], history["val_loss"]]


def accumulating():
    return keras.optimizers.SGD(gradient_accumulation_steps=2)


@pytest.mark.parametrize("compiled", [{"run_eagerly": True}, {}, {"jit_compile": True}], ids=str)
def test_training_counts_and_validation_does_not(compiled):
    if BACKEND == "torch" and "jit_compile" in compiled:
        pytest.skip("the compiler of PyTorch takes a quarter of a minute")
    model = counting(**compiled)
    # The mean of 0 to 3, and of 4 to 7; and the number of updates before each validation.
    np.testing.assert_allclose(fitted(model), [[1.5, 5.5], [4, 8]])
    np.testing.assert_allclose(model.evaluate(X, Y, verbose=0), 8)
    np.testing.assert_allclose(model.train_on_batch(X, Y), 8)
    assert float(ops.stop_gradient(model.losses[0])) == 9


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        (lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD()), [[1.5, 5.5], [4, 8]]),
        (accumulating, [[0.5, 2.5], [2, 4]]),
    ],
    ids=["scaling the loss", "accumulating gradients"],
)
def test_it_is_the_number_of_updates(optimizer, expected):
    np.testing.assert_allclose(fitted(counting(optimizer())), expected)


@pytest.mark.skipif(BACKEND == "torch", reason="refused by Keras on PyTorch")
def test_several_steps_in_one_execution():
    np.testing.assert_allclose(fitted(counting(steps_per_execution=4)), [[1.5, 5.5], [4, 8]])


def test_of_outputs_in_the_call_of_a_layer():
    # Keras divides by the number of examples in the batch.
    np.testing.assert_allclose(fitted(counting(of_outputs=True)), [[0.75, 2.75], [1, 2]])


def test_a_loaded_model_goes_on(tmp_path):
    model = counting()
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=2, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", custom_objects={"Step": Step})
    assert float(ops.convert_to_numpy(step_of(loaded))) == 4
    loaded.compile("sgd", "mse")
    assert float(ops.convert_to_numpy(step_of(loaded))) == 0


def test_by_hand_it_is_0_or_what_is_said():
    x = ops.ones((2,))
    assert int(training_step(x)) == 0
    with at_step(3):
        assert int(training_step(x)) == 3
        with at_step(ops.convert_to_tensor(5)):
            assert int(training_step(x)) == 5
        assert int(training_step(x)) == 3
    assert int(training_step(x)) == 0
    assert step_of(keras.Sequential()) == 0


@pytest.mark.skipif(BACKEND == "torch", reason="PyTorch reads variables in compiled code")
def test_compiled_code_that_does_not_tell_the_step():
    with pytest.raises(UnknownStepError):
        compiled(training_step)(ops.ones((2,)))

    def told(x, step):
        with at_step(step):
            return training_step(x)

    assert int(compiled(told)(ops.ones((2,)), ops.convert_to_tensor(7))) == 7
