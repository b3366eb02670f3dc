import keras
import numpy as np
import pytest
from keras import ops

from kerasreg import _random
from kerasreg._backend import WORD_DTYPE
from kerasreg._backend.compiled import compiled
from kerasreg.layers.pooling._regions import (
    boundaries_at,
    boundaries_in_order,
    drawn_boundaries,
    fractional_regions,
    owners,
    regular_boundaries,
    strided_regions,
)

only_tensorflow = pytest.mark.skipif(
    keras.config.backend() != "tensorflow", reason="sizes are known on the other backends"
)


def numbers(tensor):
    return ops.convert_to_numpy(tensor).tolist()


def key_of(seed):
    return _random.next_key(keras.random.SeedGenerator(seed), "test")[0]


def test_the_pseudorandom_sequence_of_the_paper():
    # Graham's a_i = ceil(alpha * (i + u)) with alpha = 9 / 6 and u = 0.25, from 1 to 10.
    expected = np.ceil(1.5 * (np.arange(7) + 0.25))
    assert expected.tolist() == [1, 2, 4, 5, 7, 8, 10]
    assert numbers(boundaries_at(2, 9, 6) + 1) == expected.tolist()


@pytest.mark.parametrize(("size", "count"), [(9, 6), (56, 39), (7, 7), (20, 3), (5, 1), (12, 4)])
def test_every_phase_gives_steps_of_two_lengths(size, count):
    for phase in range(count):
        boundaries = ops.convert_to_numpy(boundaries_at(phase, size, count))
        assert boundaries[0] == 0
        assert boundaries[-1] == size
        assert set(np.diff(boundaries)) <= {size // count, -(-size // count)}


def test_a_long_axis_does_not_overflow():
    size, count = 2_000_003, 1_414_216
    expected = [(i * size + 999) // count for i in range(count + 1)]
    assert numbers(boundaries_at(999, size, count)) == expected


def test_regular_boundaries_are_the_nearest_integers():
    for size, count in [(9, 6), (56, 39), (20, 3), (100, 71)]:
        exact = np.arange(count + 1) * size / count
        assert np.abs(ops.convert_to_numpy(regular_boundaries(size, count)) - exact).max() <= 0.5


def test_boundaries_with_the_longer_steps_where_the_ranks_are_low():
    order = ops.convert_to_tensor([3, 0, 2, 1, 4, 5], "int32")
    steps = [1, 2, 2, 2, 1, 1]
    assert numbers(boundaries_in_order(order, 9, 6)) == [0, *np.cumsum(steps).tolist()]


@pytest.mark.parametrize("sequence", ["random", "pseudorandom"])
def test_every_sequence_is_drawn_as_often(sequence):
    # 7 positions in 5 regions: two of five are longer. There are 10 orders and 5 phases.
    n, found = 1000, {}
    draw = compiled(lambda key: drawn_boundaries(key, 7, 5, sequence, 1))
    for key in np.random.default_rng(0).integers(2**32, size=(n, 4)):
        steps = tuple(np.diff(numbers(draw(ops.convert_to_tensor(key.astype(WORD_DTYPE))))))
        found[steps] = found.get(steps, 0) + 1
    kinds = {"random": 10, "pseudorandom": 5}[sequence]
    assert len(found) == kinds
    expected, spread = n / kinds, np.sqrt(n / kinds * (1 - 1 / kinds))
    assert all(abs(times - expected) < 5 * spread for times in found.values())


@only_tensorflow
@pytest.mark.parametrize("sequence", ["random", "pseudorandom"])
def test_an_unknown_size_has_the_boundaries_of_the_known(sequence):
    import tensorflow as tf

    key = key_of(3)

    @tf.function(autograph=False)
    def boundaries(size, count):
        return drawn_boundaries(key, size, count, sequence, 4), regular_boundaries(size, count)

    for size, count in [(9, 6), (56, 39), (20, 3), (5, 1)]:
        drawn, regular = boundaries(tf.constant(size), tf.constant(count))
        assert numbers(drawn) == numbers(drawn_boundaries(key, size, count, sequence, 4))
        assert numbers(regular) == numbers(regular_boundaries(size, count))


@pytest.mark.parametrize("overlapping", [False, True])
def test_regions_and_their_owners(overlapping):
    boundaries = np.array([0, 1, 3, 4, 6, 7, 9], "int32")
    regions = fractional_regions(9, 6, boundaries, overlapping, None)
    assert numbers(regions.starts) == [0, 1, 3, 4, 6, 7]
    assert numbers(regions.lasts) == ([1, 3, 4, 6, 7, 8] if overlapping else [0, 2, 3, 5, 6, 8])
    assert (regions.width, regions.overlap) == ((3, 2) if overlapping else (2, 1))
    assert numbers(owners(regions, 9)) == [0, 1, 1, 2, 3, 3, 4, 5, 5]


@pytest.mark.parametrize(
    ("size", "length", "stride", "padding", "starts", "lasts"),
    [
        (7, 3, 2, "valid", [0, 2, 4], [2, 4, 6]),
        (8, 2, 3, "valid", [0, 3, 6], [1, 4, 7]),
        (7, 3, 2, "same", [0, 1, 3, 5], [1, 3, 5, 6]),
        (6, 3, 2, "same", [0, 2, 4], [2, 4, 5]),
        (3, 3, 1, "same", [0, 0, 1], [1, 2, 2]),
        (2, 5, 1, "same", [0, 0], [1, 1]),
    ],
)
def test_windows_of_ordinary_pooling(size, length, stride, padding, starts, lasts):
    regions = strided_regions(size, length, stride, padding)
    assert numbers(regions.starts) == starts
    assert numbers(regions.lasts) == lasts
    covering = [sum(a <= p <= b for a, b in zip(starts, lasts, strict=True)) for p in range(size)]
    assert max(covering) <= regions.overlap
    owner = [max(i for i, start in enumerate(starts) if start <= p) for p in range(size)]
    assert numbers(owners(regions, size)) == owner
