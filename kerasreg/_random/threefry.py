"""Threefry2x32-20: the key schedule (Salmon, Moraes, Dror, Shaw 2011, SC '11, section 3.2)."""

from keras import ops

from kerasreg import _backend
from kerasreg._backend import low32, word

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA


def threefry2x32(key, counter):
    """Returns two random words, a pure function of two key words and two counter words.

    It is a cipher of 20 rounds that passes every known statistical test, and too slow to be
    run for each element; it turns (seed, step, replica, stream) into the key of a call.
    """
    k0, k1 = key
    keys = (k0, k1, k0 ^ k1 ^ word(_PARITY))
    x0, x1 = low32(counter[0] + k0), low32(counter[1] + k1)
    for group in range(5):
        for distance in _ROTATIONS[group % 2]:
            x0 = low32(x0 + x1)
            x1 = _rotate_left(x1, distance) ^ x0
        x0 = low32(x0 + keys[(group + 1) % 3])
        x1 = low32(x1 + keys[(group + 2) % 3] + word(group + 1))
    return x0, x1


def _rotate_left(x, distance):
    return low32(ops.left_shift(x, distance)) | ops.right_shift(x, 32 - distance)


@_backend.scalar_kernel
def call_key(key, stream=0):
    """Returns the two words that key one stream of one call.

    Args:
        key: The four words of `next_key`: seed (two words), step, replica.
        stream: Number of the stream, 0 to 65535: streams of one key are independent.
    """
    seed_low, seed_high, step, replica = ops.unstack(key, 4)
    counter = (step, low32(replica + word(stream << 16)))
    return ops.stack(threefry2x32((seed_low, seed_high), counter))
