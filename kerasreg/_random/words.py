"""Random words: a keyed hash of the element's index."""

from keras import ops

from kerasreg import _backend
from kerasreg._backend import low32, word

_GOLDEN = 0x9E3779B9


def words(key, shape, stream=0):
    """Returns one random 32-bit word per element of `shape`.

    The word of element i (row-major) is `h(h(i + k0) ^ k1) + h(i + k0)`, where (k0, k1) is half
    of the key and h is the 32-bit finalizer of MurmurHash3 without its first shift, which after
    another h would only undo that one's last shift. Hash in hash is the construction of Jarzynski
    and Olano; the added inner hash (Davies-Meyer) lets words of one call repeat as often as
    random ones do: a permutation of the index would never repeat one.

    Args:
        key: The key of the call, from `next_key`.
        shape: Integers, or integer tensors where a size is not known; a vector where even the rank
            is not. Beyond 2**31 elements, which TensorFlow cannot index here, words would repeat.
        stream: Number of the stream, a Python integer: streams of one key are independent.

    Returns:
        Words: uint32 on TensorFlow and JAX, int64 below 2**32 on PyTorch.

    Reference:
        Appleby 2011, MurmurHash3 (fmix32). Jarzynski, Olano 2020, Hash Functions for GPU
        Rendering, JCGT 9(3).
    """
    return words_at(key, _backend.element_index(shape), stream)


def words_at(key, index, stream=0):
    """Returns the words of the elements at `index`, itself a tensor of words, as `words` does."""
    k0, k1 = _stream_key(key, stream)
    inner = _hash(low32(index + k0))
    return low32(_hash(inner ^ k1) + inner)


def _stream_key(key, stream):
    # The key has two halves; further streams hash them.
    k0, k1 = ops.unstack(key, 4)[2 * (stream % 2) :][:2]
    if stream < 2:
        return k0, k1
    offset = word(stream // 2 * _GOLDEN % 2**32)
    return _hash(low32(k0 + offset)), _hash(low32(k1 + offset))


def _hash(h):
    h = low32(h * word(0x85EBCA6B))
    h = h ^ ops.right_shift(h, 13)
    h = low32(h * word(0xC2B2AE35))
    return h ^ ops.right_shift(h, 16)


def noise_shape(x, shape):
    """Returns the sizes of the noise for a tensor: `shape`, with the tensor's own where it is None.

    Args:
        x: A tensor; a size that is not known while tracing stays a scalar tensor, and the sizes
            together a vector where the rank is not known.
        shape: Integers and None, of the rank of `x` or less; or None for the shape of `x`.
    """
    own = _backend.sizes(x)
    if shape is None:
        return own
    first = -len(shape)
    return tuple(own[first + i] if size is None else size for i, size in enumerate(shape))
