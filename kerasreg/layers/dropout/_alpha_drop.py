"""Dropout to the saturation value of SELU, with the affine map that restores mean and variance."""

from keras import ops

from kerasreg import _backend, _random
from kerasreg.layers._working_dtype import working_dtype
from kerasreg.schedules._strength import strength_at

# -scale * alpha of SELU, the paper's alpha': where SELU saturates.
SATURATION = -1.0507009873554804934 * 1.6732632423543772848


def affine(rate):
    """Returns the factor and the shift (a, b) after which mean 0 and variance 1 are kept."""
    a = ((1.0 - rate) * (1.0 + rate * SATURATION**2)) ** -0.5
    return a, -a * rate * SATURATION


def alpha_dropped(layer, inputs, noise_shape):
    """Returns the inputs with a drawn share of them at the saturation value.

    Args:
        layer: The layer, with a `rate` and a `seed_generator`.
        inputs: A tensor.
        noise_shape: Shape of the mask, as `_random.noise_shape` takes it.
    """
    dtype = working_dtype(inputs, layer)
    key, step = _random.next_key(layer.seed_generator, layer)
    rate = strength_at(layer.rate, step)
    a, b = (ops.convert_to_tensor(value, dtype) for value in affine(rate))
    return _drop(inputs, key, _random.limit(rate), a, b, noise_shape=noise_shape)


def apply(x, words, limit, a, b):
    """Returns `a * x + b` where words are not below the limit, `a * SATURATION + b` elsewhere."""
    kept = ops.cast(x, a.dtype) * a + b
    mixed = _backend.where_kept(words, limit, kept, a * SATURATION + b)
    return _backend.rounded(mixed, x.dtype)


def gradient(dy, words, limit, a):
    """Returns `a * dy` where words are not below the limit, 0 elsewhere."""
    kept = _backend.where_kept(words, limit, ops.cast(dy, a.dtype))
    return _backend.rounded(kept * a, dy.dtype)


def _forward(x, key, limit, a, b, *, noise_shape):
    words = _random.words(key, _random.noise_shape(x, noise_shape))
    return apply(x, words, limit, a, b)


def _backward(dy, key, limit, a, b, *, noise_shape):
    words = _random.words(key, _random.noise_shape(dy, noise_shape))
    return gradient(dy, words, limit, a)


_drop = _backend.fused(_forward, _backward)
