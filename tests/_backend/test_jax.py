"""Draws under JAX's transformations; elsewhere there is nothing to test."""

import keras
import numpy as np
import pytest

import kerasreg
from kerasreg import _random
from tests._random.reference import words

if keras.backend.backend() != "jax":
    pytest.skip("the JAX backend", allow_module_level=True)

import jax
import jax.numpy as jnp

from kerasreg._backend import jax as backend

SHAPE = (30, 20)
DROP = kerasreg.layers.dropout.dropout.drop


def keep(step, shape=SHAPE, seed=3):
    return words(seed, step, shape) >= 2**31


def key_of(step):
    return backend.philox(jnp.array([3, step], "uint32"))


def drop(x, step=0):
    return DROP(x, key_of(step), _random.limit(0.5), 2.0)


def test_compiled_and_plain_draw_the_mask_of_numpy():
    x = jnp.ones(SHAPE)
    backend.use_fused(False)
    try:
        plain = drop(x)
    finally:
        backend.use_fused(True)
    for found in (plain, drop(x), jax.jit(drop)(x)):
        np.testing.assert_array_equal(found != 0, keep(0))


def test_gradients_of_first_and_second_order_belong_to_the_mask():
    x = jnp.linspace(-1.0, 1.0, 600).reshape(SHAPE)
    first = jax.grad(lambda x: (drop(x) ** 3).sum())
    second = jax.grad(lambda x: first(x).sum())
    scaled = 2.0 * keep(0)
    np.testing.assert_allclose(first(x), 3 * x**2 * scaled**3, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(jax.jit(second)(x), 6 * x * scaled**3, rtol=1e-5, atol=1e-6)


def test_there_is_no_forward_mode():
    with pytest.raises(TypeError, match="forward-mode"):
        jax.jvp(drop, (jnp.ones(SHAPE),), (jnp.ones(SHAPE),))


def test_vmap_over_examples_repeats_the_draw():
    together = jax.vmap(drop)(jnp.ones((4, *SHAPE)))
    np.testing.assert_array_equal(together != 0, np.broadcast_to(keep(0), (4, *SHAPE)))


def test_fit_advances_the_step():
    model = keras.Sequential(
        [keras.Input((4,)), kerasreg.layers.Dropout(0.5, seed=3), keras.layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    model.fit(np.ones((12, 4)), np.ones((12, 1)), batch_size=4, verbose=0)
    assert np.asarray(model.layers[0].seed_generator.state.value).tolist() == [3, 3]
