"""One weight on the loss w^2 / 2, whose gradient is the weight itself."""

import keras
import numpy as np

START = 4.0


def data(steps):
    return np.ones((steps, 1), "float32"), np.zeros((steps, 1), "float32")


def compiled(optimizer, **arguments):
    constraint = arguments.pop("constraint", None)
    dtype = arguments.pop("dtype", None)
    initializer = keras.initializers.Constant(START)
    layer = keras.layers.Dense(
        1, use_bias=False, kernel_initializer=initializer, kernel_constraint=constraint, dtype=dtype
    )
    model = keras.Sequential([keras.Input((1,), dtype=dtype), layer])
    model.compile(optimizer, half_square, **arguments)
    return model


@keras.saving.register_keras_serializable(package="tests")
def half_square(y_true, y_pred):
    return (y_pred - y_true) ** 2 / 2


def fit(model, steps, **arguments):
    """Takes a number of training steps and returns the weight."""
    x, y = data(steps)
    model.fit(x, y, batch_size=1, shuffle=False, verbose=0, **arguments)
    return float(model.get_weights()[0][0, 0])


def looked_ahead(steps, period, size, rate=0.1, momentum=0.0, start=START):
    """Returns the weight after each step of Lookahead around SGD, by the paper's algorithm."""
    slow = fast = start
    velocity, path = 0.0, []
    for step in range(1, steps + 1):
        velocity = momentum * velocity - rate * fast
        fast += velocity
        if step % period == 0:
            slow += size * (fast - slow)
            fast = slow
        path.append(fast)
    return path
