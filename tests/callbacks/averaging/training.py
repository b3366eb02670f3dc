"""A training whose every step is the same whatever else runs, and who looks at it."""

import keras
import numpy as np

RNG = np.random.default_rng(3)
X = RNG.normal(size=(12, 3)).astype("float32")
Y = (X @ np.array([[1.0], [-2.0], [0.5]]) + 1).astype("float32")
STEPS = 3  # in an epoch


class Look(keras.callbacks.Callback):
    """Keeps the weights after each batch, and those that are there at other moments."""

    def on_train_begin(self, logs=None):
        self.steps, self.epoch_ends, self.validations = [], [], []

    def on_train_batch_end(self, batch, logs=None):
        self.steps.append(self.model.get_weights())

    def on_test_begin(self, logs=None):
        self.validations.append(self.model.get_weights())

    def on_epoch_end(self, epoch, logs=None):
        self.epoch_ends.append(self.model.get_weights())


def a_model(*, norm=True, optimizer=None, **compiling):
    """Returns a compiled model with everything that training changes."""
    keras.utils.set_random_seed(7)
    middle = [keras.layers.BatchNormalization(momentum=0.5)] if norm else []
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, "tanh"),
            *middle,
            keras.layers.Dropout(0.25),
            keras.layers.Dense(1),
        ]
    )
    optimizer = optimizer or keras.optimizers.Adam(0.05)
    compiling = {"run_eagerly": False, "jit_compile": False, **compiling}
    model.compile(optimizer, "mse", metrics=["mae"], **compiling)
    return model


def forget_compiled_programs():
    """Lets PyTorch compile a model as if it were the first one of the process.

    After some models it compiles no more (its limit of recompilations) and runs as it stands what
    it would have compiled, with other roundings: one model would differ from its own copy.
    """
    if keras.backend.backend() == "torch":
        import torch

        torch.compiler.reset()


def fit(model, *callbacks, epochs=2, **arguments):
    """Fits a model in three batches an epoch; returns what the logs say of the training."""
    keras.utils.set_random_seed(5)  # PyTorch's dropout has no other seed
    arguments = {"batch_size": 4, "shuffle": False, "verbose": 0, **arguments}
    arguments.setdefault("validation_data", (X, Y))
    history = model.fit(X, Y, epochs=epochs, callbacks=list(callbacks), **arguments)
    return {k: v for k, v in history.history.items() if not k.startswith("val_")}


def moving_average(weights, decay=0.999, warmup=True):
    """Returns the exponential moving average, in float64."""
    average = [w.astype("float64") for w in weights[0]]
    for t, each in enumerate(weights[1:], 1):
        d = min(decay, (1 + t) / (10 + t)) if warmup else decay
        average = [d * a + (1 - d) * w for a, w in zip(average, each, strict=True)]
    return average


def mean(weights):
    return [np.mean([w[i] for w in weights], 0, "float64") for i in range(len(weights[0]))]


def assert_close(found, wanted, rtol=2e-6):
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-6)


def assert_equal(found, wanted):
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b)


def state(model):
    """Returns all that the next step depends on."""
    variables = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
    return [np.asarray(keras.ops.convert_to_numpy(v.value)) for v in variables]
