import numpy as np
import pytest
import tensorflow as tf

from kerasreg.augment import Augmenter, TokenDropout

TEXTS = np.array([[7, 3, 4, 5, 6, 8, 0, 0], [7, 3, 4, 8, 0, 0, 0, 0]] * 200, np.int32)


def dropped(tokens, seed=1, jit_compile="auto", **arguments):
    own = Augmenter([TokenDropout(**arguments)], seed=seed, jit_compile=jit_compile)
    result = own.apply(tokens, index=0).numpy()
    assert result.dtype == tokens.dtype
    assert result.shape == tokens.shape
    return result


@pytest.mark.parametrize("jit_compile", [False, True])
def test_what_is_left_moves_up_in_its_order(jit_compile):
    """All tokens of a text are different: what is left says which are gone."""
    result = dropped(TEXTS, rate=0.5, protected=(7, 8), jit_compile=jit_compile)
    for before, after in zip(TEXTS, result, strict=True):
        left = [token for token in before if token in after and token != 0]
        np.testing.assert_array_equal(after, left + [0] * (8 - len(left)))
        assert {7, 8} <= set(after)
    n = 200 * (4 + 2)
    lost = (TEXTS != 0).sum() - (result != 0).sum()
    assert abs(lost / n - 0.5) < 5 * np.sqrt(0.25 / n)


def test_texts_padded_at_the_start_stay_so():
    result = dropped(np.ascontiguousarray(TEXTS[:, ::-1]), rate=0.5)
    for row in result:
        count = (row != 0).sum()
        assert (row[len(row) - count :] != 0).all()


def test_a_rate_of_one_leaves_protected_tokens_only():
    result = dropped(TEXTS, rate=1.0, protected=[7, 8])
    np.testing.assert_array_equal(result, [[7, 8, 0, 0, 0, 0, 0, 0]] * 400)


def test_tokens_are_replaced_in_place():
    n = 4000
    tokens = np.tile(np.arange(10), (n // 10, 1))
    result = dropped(tokens, rate=0.2, replacement_id=99, protected=(1,), padding_id=0)
    is_replaced = result == 99
    np.testing.assert_array_equal(result[~is_replaced], tokens[~is_replaced])
    assert not is_replaced[:, :2].any()
    n = n * 8 // 10
    assert abs(is_replaced.sum() / n - 0.2) < 5 * np.sqrt(0.2 * 0.8 / n)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_types_of_tokens(dtype):
    dropped(TEXTS.astype(dtype), rate=0.5)


def test_in_a_data_set_of_dicts():
    elements = {"tokens": TEXTS, "label": np.arange(400)}
    dataset = tf.data.Dataset.from_tensor_slices(elements).batch(64)
    own = Augmenter([TokenDropout(0.5)], seed=1)
    found = list(own(dataset, epoch=0).as_numpy_iterator())
    tokens = np.concatenate([each["tokens"] for each in found])
    np.testing.assert_array_equal(tokens, dropped(TEXTS, rate=0.5))
    np.testing.assert_array_equal(np.concatenate([x["label"] for x in found]), np.arange(400))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"rate": 1.5}, ValueError, "`rate`. Expected a float value between 0 and 1"),
        ({"rate": 0.1, "protected": 5}, TypeError, "`protected`. Expected a list of ids"),
        ({"rate": 0.1, "protected": ["the"]}, TypeError, "`protected`. Expected an integer"),
        ({"rate": 0.1, "padding_id": None}, ValueError, "Or pass a `replacement_id`"),
        ({"rate": 0.1, "replacement_id": 1.0}, TypeError, "`replacement_id`. Expected an integer"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        TokenDropout(**arguments)


def test_tokens_that_are_no_integers_or_too_small_are_refused():
    with pytest.raises(ValueError, match="Expected integers"):
        dropped(TEXTS.astype("float32"), rate=0.5)
    with pytest.raises(ValueError, match="uint8: cast them"):
        dropped(TEXTS.astype("uint8"), rate=0.5, replacement_id=300)
