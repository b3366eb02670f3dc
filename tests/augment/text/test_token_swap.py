import numpy as np
import pytest

from kerasreg.augment import Augmenter, OneOf, SpanMask, TokenSwap


def swapped(tokens, seed=1, jit_compile="auto", **arguments):
    own = Augmenter([TokenSwap(**arguments)], seed=seed, jit_compile=jit_compile)
    return own.apply(tokens, index=0).numpy()


def texts(n, length=12):
    """Returns texts of different tokens, with 100 at the start and 101 at the end, and padding."""
    text = [100, *range(1, length + 1), 101, 0, 0]
    return np.tile(np.array(text, np.int64), (n, 1))


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("rate", [0.1, 0.25, 0.5, 1.0])
def test_pairs_change_places_and_their_share_is_the_rate(rate, jit_compile):
    n = 2000
    before = texts(n)
    after = swapped(before, rate=rate, protected=(100, 101), jit_compile=jit_compile)
    moved = before != after
    assert not moved[:, [0, 13, 14, 15]].any()
    rows, places = np.nonzero(moved)
    there = after[rows, places]
    np.testing.assert_array_equal(after[rows, there], before[rows, places])
    share = moved[:, 1:13].mean()
    # One rounding for each text decides on a pair: at most one of 12 tokens of spread.
    assert abs(share - rate) <= 5 / 12 / np.sqrt(n)
    assert moved.sum(axis=1).max() - moved.sum(axis=1).min() <= 2


def test_all_pairs_are_alike():
    n = 20_000
    after = swapped(texts(n, 4)[:, 1:5], rate=0.5)
    first = after.argmax(axis=1)
    moved = after != np.arange(1, 5)
    assert (moved.sum(axis=1) == 2).all()
    pairs = {tuple(np.flatnonzero(row)) for row in moved[:500]}
    assert len(pairs) == 6
    counts = [(moved.sum(1) == 2) & moved[:, i] & moved[:, j] for i in range(4) for j in range(i)]
    share = np.mean(counts, axis=1)
    assert np.abs(share - 1 / 6).max() < 5 * np.sqrt(1 / 6 * 5 / 6 / n)
    assert len(set(first)) == 4


def test_of_an_odd_number_one_stays():
    moved = swapped(texts(300, 5)[:, 1:6], rate=1.0) != np.arange(1, 6)
    assert (moved.sum(axis=1) == 4).all()
    assert set(np.argmin(moved, axis=1)) == set(range(5))


@pytest.mark.parametrize("length", [0, 1])
def test_texts_of_one_token_or_none(length):
    before = texts(3, length)
    after = swapped(before, rate=1.0, protected=(100, 101))
    np.testing.assert_array_equal(after, before)


def test_bad_rates_are_refused():
    with pytest.raises(ValueError, match="`rate`"):
        TokenSwap(-0.1)
    with pytest.raises(TypeError, match="`rate`"):
        TokenSwap("some")


def test_one_of_several_operations_on_tokens():
    before = texts(400, 6)
    group = OneOf([TokenSwap(1.0, protected=(100, 101)), SpanMask(1.0, 99, protected=(100, 101))])
    after = Augmenter([group], seed=1).apply(before, index=0).numpy()
    is_masked = (after[:, 1:7] == 99).all(axis=1)
    is_swapped = (np.sort(after, axis=1) == np.sort(before, axis=1)).all(axis=1)
    assert after.dtype == before.dtype
    assert (is_masked ^ is_swapped).all()
    assert abs(is_masked.mean() - 0.5) < 5 * np.sqrt(0.25 / 400)
