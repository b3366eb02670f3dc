import numpy as np
from keras import ops

from kerasreg import _backend, _random

EDGES = np.array([0, 1, 255, 256, 511, 512, 2**31, 2**32 - 512, 2**32 - 1])


def edges():
    return ops.convert_to_tensor(EDGES, dtype=_backend.WORD_DTYPE)


def test_uniform_is_the_upper_24_bits():
    found = ops.convert_to_numpy(_random.uniform(edges()))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.astype("float64"), (EDGES >> 8) / 2**24)
    assert found.max() < 1


def test_open_uniform_is_the_midpoint_and_never_0_or_1():
    found = ops.convert_to_numpy(_random.open_uniform(edges()))
    np.testing.assert_array_equal(found.astype("float64"), ((EDGES >> 9) + 0.5) / 2**23)
    assert found.min() > 0
    assert found.max() < 1
