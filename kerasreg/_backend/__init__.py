"""What differs by Keras backend, behind one interface; this file picks the backend in use.

A random 32-bit word is a uint32 on TensorFlow and JAX, and an int64 holding 0 to 2**32 - 1 on
PyTorch, which has no arithmetic for uint32. Each backend module defines:

- `WORD_DTYPE`: the dtype of words.
- `word(value)`: a Python integer as a word constant; `low32(words)`: the low 32 bits of a sum, a
  product or a left shift of words (which wrap by themselves where words are uint32).
- `element_index(shape)`: the row-major index of every element of a shape, as words.
- `sizes(x)`: the sizes of a tensor, as a tuple; a vector where the rank is not known either.
- `philox(state)`: the four random words of one call, from the state of a
  `keras.random.SeedGenerator` and the number of the replica.
- `absolute(x)`: |x|, with a gradient of 0 at 0.
- `where_kept(words, limit, kept, dropped)`: selects by comparing words with a limit.
- `rounded(values, dtype)`: back to a narrower dtype.
- `fused(forward, backward, second)`: draw-and-apply as one kernel, whose gradient draws again.
- `use_fused(flag)`: forces plain operations, or lets the backend decide again.
- `recomputing()`: whether the call is inside a rematerialized layer.

Private parts of the frameworks that are touched, all of them in `recomputing`: the names of the
functions through which TensorFlow, JAX and PyTorch run a rematerialized call are looked for on
the stack, because none of them tells the function that it will run again.
"""

import importlib

import keras

_NAMES = ("tensorflow", "jax", "torch")

if keras.config.backend() not in _NAMES:
    raise ImportError(
        "kerasreg runs on Keras' TensorFlow, JAX and PyTorch backends. "
        f"Received: KERAS_BACKEND={keras.config.backend()}."
    )

backend = importlib.import_module(f"kerasreg._backend.{keras.config.backend()}")

WORD_DTYPE = backend.WORD_DTYPE
absolute = backend.absolute
element_index = backend.element_index
fused = backend.fused
low32 = backend.low32
philox = backend.philox
recomputing = backend.recomputing
rounded = backend.rounded
sizes = backend.sizes
use_fused = backend.use_fused
where_kept = backend.where_kept
word = backend.word

__all__ = [
    "WORD_DTYPE",
    "absolute",
    "element_index",
    "fused",
    "low32",
    "philox",
    "recomputing",
    "rounded",
    "sizes",
    "use_fused",
    "where_kept",
    "word",
]
