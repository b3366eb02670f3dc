import keras
import numpy as np
import pytest
from keras import ops

from kerasreg.layers import (
    BatchNormalization,
    FilterResponseNormalization,
    GhostBatchNormalization,
)

RNG = np.random.default_rng(0)
MASK = np.array([[True, True, False], [True, False, True], [True] * 3, [True, True, False]])
LAYERS = {
    "batch": lambda: BatchNormalization(),
    "no gamma": lambda: BatchNormalization(scale=False, center=False),
    "renorm": lambda: BatchNormalization(renorm=True),
    "ghosts": lambda: GhostBatchNormalization(2),
    "filter response": lambda: FilterResponseNormalization(),
}


def built(name):
    layer = LAYERS[name]()
    layer.build((4, 3, 2))
    if layer.gamma is not None:
        layer.gamma.assign([2.0, -1.5])
    return layer


def outputs(layer, x):
    arguments = {} if isinstance(layer, FilterResponseNormalization) else {"training": True}
    return layer(x, mask=ops.convert_to_tensor(MASK), **arguments)


def gradients(layer, x):
    """Returns the gradients of the cubes that are not masked, for x and the weights."""
    backend = keras.backend.backend()

    def loss(y):
        return ops.sum(ops.where(MASK[..., None], y**3, 0))

    if backend == "tensorflow":
        import tensorflow as tf

        x = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = loss(outputs(layer, x))
        found = tape.gradient(total, [x, *(weight.value for weight in layer.trainable_weights)])
    elif backend == "jax":
        import jax

        others = [weight.value for weight in layer.non_trainable_variables]
        arguments = {} if isinstance(layer, FilterResponseNormalization) else {"training": True}

        def of(x, weights):
            y, _ = layer.stateless_call(weights, others, x, mask=MASK, **arguments)
            return loss(y)

        weights = [weight.value for weight in layer.trainable_variables]
        by_x, by_weights = jax.grad(of, (0, 1))(x, weights)
        found = [by_x, *by_weights]
    else:
        x = ops.convert_to_tensor(x).requires_grad_()
        loss(outputs(layer, x)).backward()
        found = [x.grad, *(weight.value.grad for weight in layer.trainable_weights)]
    return [ops.convert_to_numpy(each) for each in found]


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("name", LAYERS)
def test_what_is_not_finite_in_a_masked_place_stays_there(name, value):
    x = RNG.normal(size=(4, 3, 2)).astype("float32")
    bad = np.where(MASK[..., None], x, value).astype("float32")
    expected, found = gradients(built(name), x), gradients(built(name), bad)
    by_x = np.where(MASK[..., None], expected[0], 0)
    for ours, theirs in zip(found, [by_x, *expected[1:]], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)
    y = ops.convert_to_numpy(outputs(built(name), bad))
    signs = [1, 1] if name == "no gamma" else [1, -1]
    np.testing.assert_array_equal(y[~MASK], [[value * sign for sign in signs]] * 3)
    assert np.isfinite(y[MASK]).all()
