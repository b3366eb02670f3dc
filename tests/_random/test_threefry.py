import keras
import numpy as np
import pytest
from keras import ops

from kerasreg import _backend, _random

# From the known-answer file of Random123 (Salmon et al. 2011): counter, key, result.
KNOWN = [
    ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
]


def as_words(values):
    return ops.unstack(ops.convert_to_tensor(np.array(values), dtype=_backend.WORD_DTYPE))


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN)
def test_threefry_gives_the_published_answers(counter, key, result):
    words = _random.threefry2x32(as_words(key), as_words(counter))
    assert tuple(int(word) for word in words) == result


def test_every_part_of_the_key_and_the_stream_change_the_call_key():
    base = np.array([1, 2, 3, 4])
    keys = [base] + [base + np.eye(4, dtype=int)[i] for i in range(4)]
    found = {tuple(_call_key(key, 0)) for key in keys} | {tuple(_call_key(base, 1))}
    assert len(found) == 6


def _call_key(key, stream):
    key = ops.convert_to_tensor(key, dtype=_backend.WORD_DTYPE)
    return keras.ops.convert_to_numpy(_random.call_key(key, stream)).tolist()
