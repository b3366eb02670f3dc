import numpy as np
import pytest

from kerasreg import augment

N = 20_000
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 8, 6, 3), np.uint8)
FOUR = [augment.Rotate(10), augment.Blur(1), augment.Shift(0.1, 0.1), augment.GaussianNoise(1)]


def applied(**arguments):
    group = augment.SomeOf(FOUR, **arguments)
    (drawn,) = augment.Augmenter([group], seed=2).draw(range(N))
    return drawn["is_applied"].numpy()


@pytest.mark.parametrize("count", [0, 2, 4])
def test_so_many_different_ones_all_alike(count):
    chosen = applied(count=count)
    np.testing.assert_array_equal(chosen.sum(axis=1), count)
    share = count / 4
    assert np.abs(chosen.mean(axis=0) - share).max() <= 5 * np.sqrt(share * (1 - share) / N)
    if count == 2:
        pairs = np.unique(chosen, axis=0, return_counts=True)[1] / N
        assert len(pairs) == 6
        assert np.abs(pairs - 1 / 6).max() <= 5 * np.sqrt(5 / 36 / N)


def test_a_range_draws_how_many():
    counts = applied(count=(1, 3)).sum(axis=1)
    shares = np.bincount(counts, minlength=5) / N
    assert shares[0] == shares[4] == 0
    assert np.abs(shares[1:4] - 1 / 3).max() <= 5 * np.sqrt(2 / 9 / N)


def test_an_image_is_what_its_operations_make_of_it_in_their_order():
    group = augment.SomeOf(FOUR, (0, 4))
    own = augment.Augmenter([group], seed=2, jit_compile=False)
    (drawn,) = own.draw(range(len(IMAGES)))
    result = own.apply(IMAGES, index=0).numpy()
    chosen = drawn["is_applied"].numpy()
    for row in range(len(IMAGES)):
        expected = IMAGES[row : row + 1].astype("float32")
        for i in np.flatnonzero(chosen[row]):
            params = {name: value[row : row + 1] for name, value in drawn["operations"][i].items()}
            alone = augment.Augmenter([FOUR[i]], seed=0, jit_compile=False)
            expected = alone.apply(expected, params=[params]).numpy()
        np.testing.assert_allclose(result[row], expected[0], atol=0.01)


@pytest.mark.parametrize("count", [-1, 5, (2, 1), (0, 5), (1, 2, 3), 1.0, "two", None])
def test_bad_counts(count):
    with pytest.raises((TypeError, ValueError), match=r"argument `count`.*\(SomeOf\)"):
        augment.SomeOf(FOUR, count)
