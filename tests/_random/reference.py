"""The words in NumPy's uint32 arithmetic, written from the papers."""

import numpy as np


def philox4x32(key, counter):
    """Ten rounds of Salmon et al. 2011, in Python's integers."""
    k, c = [int(value) for value in key], [int(value) for value in counter]
    for _ in range(10):
        a, b = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [(b >> 32) ^ c[1] ^ k[0], b % 2**32, (a >> 32) ^ c[3] ^ k[1], a % 2**32]
        k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
    return c


def mixed(h):
    """fmix32 of MurmurHash3 without its first line, h ^= h >> 16."""
    h = h * np.uint32(0x85EBCA6B)
    h = h ^ (h >> np.uint32(13))
    h = h * np.uint32(0xC2B2AE35)
    return h ^ (h >> np.uint32(16))


def words(seed, step, shape, stream=0, replica=0):
    """The words of one call of a layer with an integer seed below 2**31."""
    key = philox4x32((seed, 0), (step, 0, replica, 0))
    k0, k1 = np.array(key, np.uint32)[2 * (stream % 2) :][:2]
    if stream > 1:
        golden = np.uint32(stream // 2 * 0x9E3779B9 % 2**32)
        k0, k1 = mixed(np.array([k0, k1]) + golden)
    index = np.arange(np.prod(shape), dtype=np.uint32)
    inner = mixed(index + k0)
    return (mixed(inner ^ k1) + inner).reshape(shape)
