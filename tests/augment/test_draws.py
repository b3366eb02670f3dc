import numpy as np
import pytest
import tensorflow as tf

from kerasreg.augment import _draws

WORDS = 2**32


def finalizer(h):
    """MurmurHash3's finalizer in Python integers."""
    return mix(h ^ h >> 16)


def mix(h):
    """The finalizer without its first shift."""
    h = h * 0x85EBCA6B % WORDS
    h = (h ^ h >> 13) * 0xC2B2AE35 % WORDS
    return h ^ h >> 16


def murmur3(message):
    """MurmurHash3 (x86, 32 bits, seed 0) of 32-bit words, in Python integers."""

    def rotate(x, places):
        return (x << places | x >> 32 - places) % WORDS

    h = 0
    for word in message:
        word = rotate(word * 0xCC9E2D51 % WORDS, 15) * 0x1B873593 % WORDS
        h = (rotate(h ^ word, 13) * 5 + 0xE6546B64) % WORDS
    return finalizer(h ^ 4 * len(message))


def test_the_reference_of_this_test_gives_published_values():
    # "test" and b"\x21\x43\x65\x87" with the seed 0, from SMHasher's verification tables.
    assert murmur3([int.from_bytes(b"test", "little")]) == 0xBA6BD213
    assert murmur3([0x87654321]) == 0xF55B516B


@pytest.mark.parametrize("seed", [0, 7, 2**32 + 5, 2**64 - 1])
@pytest.mark.parametrize("epoch", [0, 3])
def test_image_words_are_the_hash_of_their_message(seed, epoch):
    index = [0, 1, 2**32 - 1, 2**32, 2**40 + 17]
    first, second = _draws.image_words(seed, epoch, tf.constant(index, tf.int64), [2, 3])
    assert (first.shape, second.shape) == ((5, 2), (5, 3))
    for operation, words in enumerate((first.numpy(), second.numpy())):
        for (row, slot), word in np.ndenumerate(words):
            i = index[row]
            head = [seed % WORDS, seed // WORDS, epoch, i % WORDS, i // WORDS]
            assert word == murmur3([*head, operation, slot])


def test_pixel_words_count_the_pixels_of_each_image():
    key = np.array([[1, 2], [WORDS - 1, 5]], np.uint32)
    words = _draws.pixel_words(tf.constant(key), tf.constant([2, 3, 2, 1])).numpy()
    assert words.shape == (2, 3, 2, 1)
    for image, (first, second) in enumerate(key.tolist()):
        expected = [mix(mix((n + first) % WORDS) ^ second) for n in range(6)]
        assert words[image].ravel().tolist() == expected


@pytest.mark.parametrize(
    ("probability", "accepted"),
    [(0.0, []), (2.0**-32, [0]), (0.5, [0, 2**31 - 1]), (1.0, [0, 2**31 - 1, 2**31, WORDS - 1])],
)
def test_happens_compares_integers(probability, accepted):
    words = [0, 2**31 - 1, 2**31, WORDS - 1]
    result = _draws.happens(tf.constant(words, tf.uint32), probability).numpy()
    assert [word for word, yes in zip(words, result, strict=True) if yes] == accepted


def test_uniform_fills_its_range_symmetrically():
    edge = tf.constant([0, WORDS - 1], tf.uint32)
    np.testing.assert_allclose(_draws.uniform(edge, -3.0, 5.0), [-3, 5], atol=1e-6)
    n = 100_000
    words = _draws.pixel_words(tf.constant([[3, 4]], tf.uint32), tf.constant([1, n]))
    values = _draws.uniform(words, -1.0, 1.0).numpy()
    assert abs(values.mean()) < 5 * np.sqrt(1 / 3 / n)
    assert abs((values**2).mean() - 1 / 3) < 5 * np.sqrt(4 / 45 / n)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_normal_is_the_inverse_of_the_distribution_function(jit_compile):
    stats = pytest.importorskip("scipy.stats")
    # Of all 2**24 positions every 31st, and both ends.
    bits = np.unique(np.r_[np.arange(0, 2**24, 31), 2**24 - 1 - np.arange(100), np.arange(100)])
    position = (bits + 0.5) / 2**24
    function = tf.function(_draws.normal, jit_compile=jit_compile)
    values = function(tf.constant(bits << 8, tf.uint32)).numpy().astype("float64")
    np.testing.assert_allclose(values, stats.norm.ppf(position), rtol=5e-5)
    np.testing.assert_allclose(stats.norm.cdf(values), position, atol=1.1e-5)
    assert (np.diff(values) > 0).mean() > 0.9
    assert (np.diff(values) >= 0).all()
    assert values.max() == -values.min() == pytest.approx(5.42, abs=0.001)
    assert (
        abs(np.mean(values[100:-100] ** 2) - np.mean(stats.norm.ppf(position)[100:-100] ** 2))
        < 3e-6
    )


def test_pixel_words_of_neighbours_and_of_other_keys_are_independent():
    n = 200_000
    keys = tf.constant([[1, 2], [2, 2], [1, 3]], tf.uint32)
    values = _draws.normal(_draws.pixel_words(keys, tf.constant([3, n]))).numpy()
    for other in (values[1], values[2], np.roll(values[0], 1), np.roll(values[0], 28)):
        assert abs(np.mean(values[0] * other)) < 5 / np.sqrt(n)
