import numpy as np
import pytest

from kerasreg.augment import Augmenter, SpanMask

MASK = 99


def masked(tokens, seed=1, jit_compile="auto", **arguments):
    own = Augmenter([SpanMask(mask_id=MASK, **arguments)], seed=seed, jit_compile=jit_compile)
    result = own.apply(tokens, index=0).numpy()
    is_masked = result == MASK
    np.testing.assert_array_equal(result[~is_masked], tokens[~is_masked])
    return is_masked


def texts(n, length=20):
    """Returns texts of one token, with 7 at the start, 8 at the end, and padding."""
    return np.tile([7, *[5] * length, 8, 0, 0, 0], (n, 1)).astype(np.int32)


def spans(is_masked):
    """Returns the number of spans of each row, which goes round."""
    return (is_masked & ~np.roll(is_masked, 1, axis=1)).sum(axis=1)


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize(("rate", "count"), [(0.15, 3), (0.3, 6), (0.5, 10), (0.9, 18), (1.0, 20)])
def test_the_number_of_masked_tokens_and_of_spans_is_exact(rate, count, jit_compile):
    is_masked = masked(texts(300), rate=rate, protected=(7, 8), jit_compile=jit_compile)
    assert not is_masked[:, [0, 21, 22, 23, 24]].any()
    inside = is_masked[:, 1:21]
    assert (inside.sum(axis=1) == count).all()
    # As many spans as there are gaps to part them, and none where nothing is left.
    expected = min(max(round(count / 3), 1), 20 - count)
    assert (spans(inside) == expected).all()


def test_shares_that_are_no_whole_number_are_right_on_average():
    n = 4000
    count = masked(texts(n), rate=0.12, padding_id=0, protected=(7, 8)).sum(axis=1)
    assert set(count) == {2, 3}
    assert abs(count.mean() - 2.4) < 5 * np.sqrt(0.24 / n)


def test_every_token_is_masked_with_the_same_probability():
    n = 10_000
    share = masked(texts(n), rate=0.3, protected=(7, 8))[:, 1:21].mean(axis=0)
    assert np.abs(share - 0.3).max() < 5 * np.sqrt(0.3 * 0.7 / n)


def test_lengths_of_spans_are_those_of_all_divisions():
    """6 tokens in 2 spans: lengths 1+5, 2+4, 3+3, 4+2 and 5+1, each as often."""
    n = 10_000
    inside = masked(texts(n), rate=0.3, protected=(7, 8))[:, 1:21]
    counts = np.zeros(6)
    for row in inside:
        start = np.flatnonzero(row & ~np.roll(row, 1))
        length = [int(np.argmin(np.roll(row, -s))) for s in start]
        assert sum(length) == 6
        counts[length] += 1
    share = counts[1:] / n
    # Of two spans together: 1 and 5 once each, 2 and 4 likewise, 3 twice in one case of five.
    assert np.abs(share[[0, 1, 3, 4]] - 2 / 5).max() < 5 * np.sqrt(0.24 / n)
    assert abs(share[2] - 1 / 5) < 5 * np.sqrt(0.16 / n)


def test_a_mean_length_of_one_masks_single_tokens():
    inside = masked(texts(200), rate=0.3, mean_length=1, protected=(7, 8))[:, 1:21]
    assert (spans(inside) == 6).all()


def test_protected_tokens_and_padding_between_do_not_count():
    tokens = np.tile([5, 7, 5, 0, 5, 5, 7, 7, 5, 0], (300, 1))
    is_masked = masked(tokens, rate=0.4, protected=[7])
    assert (is_masked.sum(axis=1) == 2).all()
    assert not is_masked[tokens != 5].any()
    assert set(np.nonzero(is_masked)[1]) == {0, 2, 4, 5, 8}


@pytest.mark.parametrize("length", [0, 1, 2])
def test_short_texts(length):
    count = masked(texts(500, length), rate=0.5, protected=(7, 8)).sum(axis=1)
    assert abs(count.mean() - length / 2) < 5 * 0.5 / np.sqrt(500)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"rate": 2}, ValueError, "`rate`"),
        (
            {"rate": 0.5, "mean_length": 0.5},
            ValueError,
            "`mean_length`. Expected a finite float of",
        ),
        ({"rate": 0.5, "padding_id": "[PAD]"}, TypeError, "`padding_id`. Expected an integer"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        SpanMask(mask_id=MASK, **arguments)


def test_a_mask_beyond_the_type_of_the_tokens_is_refused():
    own = Augmenter([SpanMask(0.5, mask_id=103_000)], seed=1)
    with pytest.raises(ValueError, match="int16: cast them"):
        own.apply(np.ones((2, 3), "int16"), index=0)
