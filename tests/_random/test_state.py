import keras
import numpy as np
import pytest
from keras import ops

import kerasreg
from kerasreg import _random
from tests._random.reference import philox4x32, words

# From the known-answer file of Random123 (Salmon et al. 2011): key, counter, result.
PUBLISHED = [
    ((0, 0), (0, 0, 0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    (
        (0xFFFFFFFF, 0xFFFFFFFF),
        (0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF),
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0xA4093822, 0x299F31D0),
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("key", "counter", "result"), PUBLISHED)
def test_the_reference_gives_the_published_numbers(key, counter, result):
    assert tuple(philox4x32(key, counter)) == result


@pytest.mark.parametrize("seed", [0, 1, 1337, 2**31 - 1])
def test_a_key_is_philox_of_seed_and_step(seed):
    generator = keras.random.SeedGenerator(seed)
    for step in range(3):
        key, counted = _random.next_key(generator, "test")
        assert ops.convert_to_numpy(key).tolist() == philox4x32((seed, 0), (step, 0, 0, 0))
        assert int(counted) == step
        assert int(_random.last_step(generator)) == step


def test_seeds_beyond_one_word_and_below_zero_are_folded_apart():
    seeds = [2**31, 2**32, 2**32 + 1, 2**70, -1, -(2**32)]
    states = {
        int(ops.convert_to_numpy(_random.seed_generator(seed, "test").state.value)[0])
        for seed in seeds
    }
    assert len(states) == len(seeds)
    assert all(0 <= state < 2**31 for state in states)


def test_without_a_seed_two_generators_differ():
    states = [
        ops.convert_to_numpy(_random.seed_generator(None, "test").state.value).tolist()
        for _ in range(2)
    ]
    assert states[0] != states[1]


COMPILES = keras.backend.backend() != "torch"


class TestRematerialization:
    @pytest.fixture
    def gradient(self):
        """Returns the output and the gradient in x of a function, on any backend."""
        name = keras.backend.backend()

        def run(function, x, compiled=False):
            if name == "tensorflow":
                import tensorflow as tf

                def derivative(x):
                    with tf.GradientTape() as tape:
                        tape.watch(x)
                        y = function(x)
                    return y, tape.gradient(y, x)

                y, dy = (tf.function(derivative) if compiled else derivative)(tf.constant(x))
                return y.numpy(), dy.numpy()
            if name == "jax":
                import jax

                function = jax.jit(function) if compiled else function
                y, pull = jax.vjp(function, ops.array(x))
                return np.asarray(y), np.asarray(pull(ops.ones_like(y))[0])
            import torch

            x = torch.tensor(x, requires_grad=True)
            y = function(x)
            y.sum().backward()
            return y.detach().numpy(), x.grad.numpy()

        return run

    @pytest.mark.parametrize("compiled", [False, True] if COMPILES else [False])
    def test_the_gradient_of_a_layer_under_remat_scope_belongs_to_its_mask(
        self, gradient, compiled
    ):
        with keras.RematScope(mode="full"):
            layer = kerasreg.layers.Dropout(0.5, seed=3)
            layer(ops.ones((1, 1)))
        x = np.ones((200, 300), "float32")
        y, dy = gradient(lambda x: layer(x, training=True), x, compiled)
        expected = 2.0 * (words(3, 0, x.shape) >= 2**31)
        np.testing.assert_array_equal(y, expected)
        np.testing.assert_array_equal(dy, expected)

    @pytest.fixture
    def outer(self):
        # Without an argument `training`: Keras on JAX cannot rematerialize a layer that has one.
        class Outer(keras.layers.Layer):
            def __init__(self, training):
                super().__init__()
                self.training = training
                self.dropout = kerasreg.layers.Dropout(0.5)

            def call(self, x):
                return self.dropout(x, training=self.training)

        def make(training):
            with keras.RematScope(mode="full"):
                layer = Outer(training)
            layer.built = True
            return layer

        return make

    @pytest.mark.parametrize("compiled", [False, True] if COMPILES else [False])
    def test_inside_a_rematerialized_layer_it_refuses(self, gradient, outer, compiled):
        with pytest.raises(RuntimeError, match="rematerialized layer"):
            gradient(outer(training=True), np.ones((2, 2), "float32"), compiled)

    def test_inside_a_rematerialized_layer_inference_works(self, gradient, outer):
        y, dy = gradient(outer(training=False), np.ones((2, 2), "float32"))
        np.testing.assert_array_equal([y, dy], 1.0)
