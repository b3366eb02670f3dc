"""Random numbers for layers: pure functions of a key and a shape, the same on every backend.

A layer draws one key per training call and hands it, with its input, to a pure function; the
function turns (key, index of the element) into words, and words into what it needs. Eager
calls, graphs and XLA give the same words, on TensorFlow, JAX and PyTorch.

A random layer, in full:

    from kerasreg import _backend, _random

    @register
    class Dimming(keras.layers.Layer):
        def __init__(self, rate, seed=None, **kwargs):
            super().__init__(**kwargs)
            self.rate = _checks.fraction("rate", rate, self)
            self.seed = seed
            self.seed_generator = _random.seed_generator(seed, self)
            self.supports_masking = True

        def call(self, inputs, training=False):
            if not training or self.rate == 0:
                return inputs
            key, _ = _random.next_key(self.seed_generator, self)
            return dim(inputs, key, _random.limit(self.rate))

        def compute_output_shape(self, input_shape):
            return input_shape

        def get_config(self):
            seed = _random.seed_config(self.seed)
            return {**super().get_config(), "rate": self.rate, "seed": seed}

        seed_state = _random.seed_state
        rematerialized_call = _random.rematerialized_call


    def _dimmed(x, key, limit):
        words = _random.words(key, ops.shape(x))
        return _backend.where_kept(words, limit, x, None)

    dim = _backend.fused(_dimmed)

Rules for the pure function:

- Signature `f(x, key, *tensors, **static)`. It is `fused` at module level. Numbers that differ
  between layers (rates, scales, limits) are passed as tensors, so that one kernel serves all;
  shapes and switches are `static` and hashable.
- A mask per channel or per example: draw words of a shape with ones, `_random.noise_shape(x,
  (None, 1, 1, None))`, and let it broadcast. Backward needs no reduction: only `x` has a gradient.
- The gradient is `f` itself applied to dy where f is linear in x and elementwise. Otherwise pass
  `fused(f, backward)`; see `fused`.
- Half precision: compute in float32 (`ops.cast` costs nothing in a kernel) and cast the result.
- `_backend.where_kept(words, limit, kept, dropped)` is the fast select; use it rather than
  `ops.where(_random.keep(...), ...)` where the input itself is selected.
- Two independent draws in one call: `words(key, shape, stream=1)`.
- Inside the cell of a `keras.layers.RNN` on JAX a layer cannot draw: the state that it advances
  leaks from the loop over the steps, as that of Keras' own random layers does.
- On another backend than TensorFlow, a layer cannot be called in `tf.data.Dataset.map`: before the
  layer sees its input, Keras tries to make a tensor of the backend of it, and raises.
- A strength that follows a schedule: compute it in `call` from the step that `next_key`
  returns, and pass it as a tensor.
"""

from kerasreg._random.bernoulli import keep, limit
from kerasreg._random.beta import beta
from kerasreg._random.gumbel import gumbel, logistic
from kerasreg._random.integers import integers, permutation
from kerasreg._random.normal import normal
from kerasreg._random.state import (
    last_step,
    next_key,
    rematerialized_call,
    seed_config,
    seed_generator,
    seed_state,
)
from kerasreg._random.uniform import open_uniform, uniform
from kerasreg._random.words import noise_shape, words, words_at

__all__ = [
    "beta",
    "gumbel",
    "integers",
    "keep",
    "last_step",
    "limit",
    "logistic",
    "next_key",
    "noise_shape",
    "normal",
    "open_uniform",
    "permutation",
    "rematerialized_call",
    "seed_config",
    "seed_generator",
    "seed_state",
    "uniform",
    "words",
    "words_at",
]
