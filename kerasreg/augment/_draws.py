"""Random numbers as pure functions of (seed, epoch, image, operation), in 32-bit integers.

Two levels. `image_words` hashes the message (seed, epoch, image index, operation, slot) with
MurmurHash3 (x86, 32 bits): a few words for each image, from which its parameters are drawn.
`pixel_words` turns two such words, the key of an image, and the position of a pixel in the image
into a word for each pixel, by two rounds of MurmurHash3's finalizer with a key before each, without
its first shift, which would undo the last one of the round before.

All of it is 32-bit integer arithmetic: equal for every batch size, eager, in a graph and compiled.
It is no cryptography: seeds can be found from outputs.

Reference:
    Appleby 2011, MurmurHash3, https://github.com/aappleby/smhasher.
"""

from collections.abc import Sequence

import tensorflow as tf

MESSAGE_WORDS = 7
WORD_VALUES = 2**32
ROOT_OF_HALF = 0x3F3504F3  # the bits of a float32
LOG2_OVER_X = (1.44176089, -0.72490485, 0.51750695, -0.32962266)
NORMAL_SQUARED = (
    1.57089373,
    5.69863731e-1,
    7.08107319e-2,
    1.79191989e-3,
    -1.04055918e-3,
    1.03771128e-4,
    -5.08322232e-6,
    1.26966690e-7,
    -1.29075200e-9,
)


def image_words(
    seed: int, epoch, index: tf.Tensor, slots_by_operation: Sequence[int]
) -> list[tf.Tensor]:
    """Returns uint32 words of shape `(images, slots)` for each operation.

    Args:
        seed: Python integer below 2**64.
        epoch: Integer scalar tensor.
        index: int64 tensor of shape `(images,)`.
        slots_by_operation: How many words each operation wants for an image.
    """
    with tf.init_scope():
        state = _absorb(_word(0), _word(seed % WORD_VALUES))
        seeded = int(_absorb(state, _word(seed // WORD_VALUES)))
    state = _absorb(_word(seeded), tf.cast(epoch, tf.uint32))
    low = tf.cast(tf.bitwise.bitwise_and(index, WORD_VALUES - 1), tf.uint32)
    high = tf.cast(tf.bitwise.right_shift(index, tf.constant(32, tf.int64)), tf.uint32)
    state = _absorb(_absorb(state, low), high)[:, None]
    operation = [i for i, slots in enumerate(slots_by_operation) for _ in range(slots)]
    slot = [i for slots in slots_by_operation for i in range(slots)]
    state = _absorb(_absorb(state, _word(operation)), _word(slot))
    words = _finalize(tf.bitwise.bitwise_xor(state, _word(4 * MESSAGE_WORDS)))
    return tf.split(words, list(slots_by_operation), axis=1)


def pixel_words(key: tf.Tensor, shape: tf.Tensor) -> tf.Tensor:
    """Returns uint32 words of `shape`, whose first axis is the images.

    Args:
        key: uint32 tensor of shape `(images, 2)`.
        shape: Integer tensor; what follows its first entry is one image.
    """
    counter = tf.cast(tf.range(tf.reduce_prod(shape[1:])), tf.uint32)
    state = _mix(counter[None, :] + key[:, :1])
    state = _mix(tf.bitwise.bitwise_xor(state, key[:, 1:]))
    return tf.reshape(state, shape)


def happens(words: tf.Tensor, probability: float | tf.Tensor) -> tf.Tensor:
    """Returns booleans that are True with `probability`, exact to 2**-32.

    Args:
        words: uint32 tensor.
        probability: A number, or a float tensor to be broadcast against the words.
    """
    if not isinstance(probability, int | float):
        limit = tf.round(tf.cast(probability, tf.float64) * WORD_VALUES)
        accepted = tf.cast(tf.minimum(limit, WORD_VALUES - 1), tf.uint32)
        return tf.logical_or(words < accepted, limit >= WORD_VALUES)
    accepted = round(probability * WORD_VALUES)
    if accepted == 0:
        return tf.zeros_like(words, tf.bool)
    return words <= _word(accepted - 1)


def uniform(words: tf.Tensor, low: float | tf.Tensor, high: float | tf.Tensor) -> tf.Tensor:
    """Returns float32 values between `low` and `high`, symmetric about the middle."""
    return (low + high) / 2 + _symmetric(words) * ((high - low) / 2)


def normal(words: tf.Tensor) -> tf.Tensor:
    """Returns standard normal float32 values, by the inverse of the distribution function.

    24 bits of each word decide: the largest magnitude is 5.42. Values are right to 5e-5 of
    themselves, their variance to 3e-6 and their distribution function to 1.1e-5.

    With x = 2 p - 1 symmetric about 0, the value at p is x times the root of a smooth function of
    -log2(1 - x**2); the coefficients are minimax, for relative error.
    """
    position = _symmetric(words)
    # A float32 is mantissa * 2**exponent, here with the mantissa within a root of 2 about 1.
    rest = (1 - position) * (1 + position)
    bits = tf.bitcast(rest, tf.int32)
    exponent = tf.bitwise.right_shift(bits - ROOT_OF_HALF, 23)
    above_one = tf.bitcast(bits - tf.bitwise.left_shift(exponent, 23), tf.float32) - 1
    log2 = tf.cast(exponent, tf.float32) + above_one * _polynomial(LOG2_OVER_X, above_one)
    return position * tf.sqrt(_polynomial(NORMAL_SQUARED, -log2))


def _polynomial(coefficients: Sequence[float], x: tf.Tensor) -> tf.Tensor:
    """Returns the value of a polynomial, its coefficients from the constant one up."""
    result = tf.fill([], coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        result = result * x + coefficient
    return result


def _symmetric(words: tf.Tensor) -> tf.Tensor:
    """Returns the odd multiples of 2**-24 in (-1, 1), all of which float32 holds exactly."""
    bits = tf.cast(tf.bitwise.right_shift(words, _word(8)), tf.int32)
    return tf.cast(2 * bits + 1 - 2**24, tf.float32) * 2.0**-24


def _absorb(state: tf.Tensor, word: tf.Tensor) -> tf.Tensor:
    word = _rotate(word * _word(0xCC9E2D51), 15) * _word(0x1B873593)
    return _rotate(tf.bitwise.bitwise_xor(state, word), 13) * _word(5) + _word(0xE6546B64)


def _finalize(state: tf.Tensor) -> tf.Tensor:
    return _mix(_fold(state, 16))


def _mix(state: tf.Tensor) -> tf.Tensor:
    state = _fold(state * _word(0x85EBCA6B), 13) * _word(0xC2B2AE35)
    return _fold(state, 16)


def _fold(state: tf.Tensor, places: int) -> tf.Tensor:
    return tf.bitwise.bitwise_xor(state, tf.bitwise.right_shift(state, _word(places)))


def _rotate(state: tf.Tensor, places: int) -> tf.Tensor:
    left = tf.bitwise.left_shift(state, _word(places))
    return tf.bitwise.bitwise_or(left, tf.bitwise.right_shift(state, _word(32 - places)))


def _word(value: int | list[int]) -> tf.Tensor:
    return tf.constant(value, tf.uint32)
