import numpy as np
import pytest

from kerasreg.augment import Augmenter, TokenReplace


def replaced(tokens, seed=1, jit_compile="auto", **arguments):
    own = Augmenter([TokenReplace(**arguments)], seed=seed, jit_compile=jit_compile)
    return own.apply(tokens, index=0).numpy()


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("rate", [0.1, 0.5, 1.0])
def test_the_share_of_changed_tokens_is_the_rate(rate, jit_compile):
    """No token is replaced by itself: what is replaced is changed."""
    tokens = np.tile([1, 5, 6, 7, 2, 0], (3000, 1))
    result = replaced(
        tokens, rate=rate, vocabulary=(3, 9), protected=(1, 2), jit_compile=jit_compile
    )
    changed = tokens != result
    assert not changed[:, [0, 4, 5]].any()
    n = 9000
    assert abs(changed[:, 1:4].mean() - rate) <= 5 * np.sqrt(rate * (1 - rate) / n)


@pytest.mark.parametrize("own", [2, 4, 5, 9, 50])
def test_the_new_tokens_are_uniform_over_the_others(own):
    """The vocabulary of 2 to 9 without 3, which is protected, and 7, which is padding."""
    n = 20_000
    result = replaced(
        np.full((n // 10, 10), own),
        rate=1.0,
        vocabulary=(2, 10),
        protected=[3, 3, 77],
        padding_id=7,
    )
    others = sorted({2, 4, 5, 6, 8, 9} - {own})
    found, counts = np.unique(result, return_counts=True)
    assert found.tolist() == others
    p = 1 / len(others)
    assert np.abs(counts - n * p).max() < 5 * np.sqrt(n * p * (1 - p))


def test_large_vocabularies_are_drawn_from_their_whole_range():
    result = replaced(np.full((100, 100), 5), rate=1.0, vocabulary=(1000, 250_000))
    n, width = 10_000, 249_000
    assert result.min() >= 1000
    assert result.max() < 250_000
    assert abs(result.mean() - 125_499.5) < 5 * width / np.sqrt(12 * n)
    assert len(np.unique(result)) > 0.95 * n


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"vocabulary": (5, 5)}, ValueError, "at least two ids that may be drawn"),
        ({"vocabulary": (0, 3), "protected": (1,)}, ValueError, "at least two ids"),
        ({"vocabulary": 30_000}, TypeError, "`vocabulary`"),
        ({"vocabulary": (1, 2, 3)}, ValueError, "2 values"),
        ({"vocabulary": (1.0, 9.0)}, TypeError, "`vocabulary`. Expected an integer"),
    ],
)
def test_bad_vocabularies(arguments, error, message):
    with pytest.raises(error, match=message):
        TokenReplace(0.5, **arguments)


def test_a_vocabulary_beyond_the_type_of_the_tokens_is_refused():
    with pytest.raises(ValueError, match="uint8: cast them"):
        replaced(np.ones((2, 3), "uint8"), rate=0.5, vocabulary=(1, 1000))
