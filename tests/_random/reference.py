"""The words in NumPy's uint32 arithmetic, written from the papers."""

import numpy as np

ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)


def threefry2x32(key, counter, rounds=20):
    with np.errstate(over="ignore"):
        k = [np.uint32(key[0]), np.uint32(key[1])]
        k.append(np.uint32(0x1BD11BDA) ^ k[0] ^ k[1])
        x = [np.uint32(counter[0]) + k[0], np.uint32(counter[1]) + k[1]]
        for i in range(rounds):
            x[0] = x[0] + x[1]
            r = np.uint32(ROTATIONS[i % 8])
            x[1] = ((x[1] << r) | (x[1] >> (np.uint32(32) - r))) ^ x[0]
            if i % 4 == 3:
                s = i // 4 + 1
                x = [x[0] + k[s % 3], x[1] + k[(s + 1) % 3] + np.uint32(s)]
    return x


def fmix32(h):
    h = h ^ (h >> np.uint32(16))
    h = h * np.uint32(0x85EBCA6B)
    h = h ^ (h >> np.uint32(13))
    h = h * np.uint32(0xC2B2AE35)
    return h ^ (h >> np.uint32(16))


def words(seed, step, shape, stream=0, replica=0):
    """The words of one call of a layer with an integer seed below 2**31."""
    k0, k1 = threefry2x32((seed, 0), (step, replica + (stream << 16)))
    index = np.arange(np.prod(shape), dtype=np.uint32)
    inner = fmix32(index + k0)
    return (fmix32(inner ^ k1) + inner).reshape(shape)
