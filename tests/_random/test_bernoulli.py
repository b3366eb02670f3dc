import numpy as np
import pytest
from keras import ops

from kerasreg import _backend, _random

EDGES = np.array([0, 1, 2**16, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1])


@pytest.mark.parametrize(
    "rate", [0.0, 1e-9, 1e-4, 0.01, 0.1, 1 / 3, 0.5, 0.999, 1 - 2**-32, 1.0, 1]
)
def test_the_limit_of_a_number_is_exact(rate):
    threshold, mask, zero = (int(word) for word in _random.limit(rate))
    everything = rate == 1
    assert threshold == (0 if everything else round(rate * 2**32))
    assert mask == (0 if everything else 2**32 - 1)
    assert zero == 0


@pytest.mark.parametrize("rate", [0.0, 2**-31, 1e-4, 0.1, 0.5, 0.75, 1 - 2**-24, 1.0])
def test_the_limit_of_a_tensor_is_that_of_its_float32_value(rate):
    found = [int(word) for word in _random.limit(ops.convert_to_tensor(rate, "float32"))]
    assert found == [int(word) for word in _random.limit(float(np.float32(rate)))]


@pytest.mark.parametrize(("rate", "clipped"), [(-0.5, 0.0), (1.5, 1.0)])
def test_a_scheduled_rate_outside_is_clipped(rate, clipped):
    found = [int(word) for word in _random.limit(ops.convert_to_tensor(rate, "float32"))]
    assert found == [int(word) for word in _random.limit(clipped)]


@pytest.mark.parametrize("rate", [0.0, 2**-32, 0.5, 1 - 2**-32, 1.0])
def test_keep_and_where_kept_decide_alike_at_the_edges(rate):
    words = ops.convert_to_tensor(EDGES, dtype=_backend.WORD_DTYPE)
    expected = rate * 2**32 <= EDGES
    limit = _random.limit(rate)
    np.testing.assert_array_equal(ops.convert_to_numpy(_random.keep(words, limit)), expected)
    kept = _backend.where_kept(words, limit, ops.full(EDGES.shape, 3.0))
    np.testing.assert_array_equal(ops.convert_to_numpy(kept), 3.0 * expected)


def _chosen(x, key, limit, dropped):
    return _backend.where_kept(_random.words(key, ops.shape(x)), limit, x, dropped)


def test_where_kept_fills_in_the_other_value_in_a_kernel_and_outside():
    key = ops.convert_to_tensor([1, 2, 3, 4], dtype=_backend.WORD_DTYPE)
    x = ops.full((200, 200), np.nan)
    limit, dropped = _random.limit(0.25), ops.convert_to_tensor(-1.5, "float32")
    words = ops.convert_to_numpy(_random.words(key, (200, 200)))
    expected = np.where(words >= 2**30, np.nan, np.float32(-1.5))
    for found in (_chosen(x, key, limit, dropped), _backend.fused(_chosen)(x, key, limit, dropped)):
        np.testing.assert_array_equal(ops.convert_to_numpy(found), expected)
