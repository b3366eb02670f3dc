import numpy as np
import pytest

from kerasreg.datasets import Split


@pytest.fixture(scope="module")
def split():
    images = np.arange(20, dtype=np.uint8).reshape(20, 1, 1, 1) * np.ones((1, 2, 3, 1), np.uint8)
    return Split.from_arrays(images, np.arange(20))


def labels(dataset):
    return [label.tolist() for _, label in dataset.as_numpy_iterator()]


def test_without_arguments_single_examples_in_order(split):
    dataset = split.as_dataset()
    assert len(dataset) == len(split) == 20
    assert labels(dataset) == list(range(20))
    for image, label in dataset.as_numpy_iterator():
        assert image.shape == (2, 3, 1)
        assert image.dtype == np.uint8
        assert (image == label).all()


def test_batches(split):
    assert labels(split.as_dataset(8))[-1] == [16, 17, 18, 19]
    assert len(split.as_dataset(8, drop_remainder=True)) == 2


def test_shuffling_keeps_pairs_and_changes_with_the_epoch(split):
    dataset = split.as_dataset(20, shuffle=True, seed=3)
    (first,), (second,) = labels(dataset), labels(dataset)
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second
    images, shuffled = next(dataset.as_numpy_iterator())
    np.testing.assert_array_equal(images[:, 0, 0, 0], shuffled)


def test_the_seed_fixes_the_order_of_every_epoch(split):
    one, same, other = (split.as_dataset(20, shuffle=True, seed=seed) for seed in (3, 3, 4))
    assert [labels(one), labels(one)] == [labels(same), labels(same)]
    assert labels(split.as_dataset(20, shuffle=True, seed=3)) != labels(other)


def test_a_small_buffer_moves_an_example_forward_by_no_more(split):
    (order,) = labels(split.as_dataset(20, shuffle=3, seed=1))
    assert order != sorted(order)
    assert all(position >= label - 2 for position, label in enumerate(order))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"batch_size": 0}, ValueError),
        ({"batch_size": 2.0}, TypeError),
        ({"shuffle": "yes"}, TypeError),
        ({"shuffle": -1}, ValueError),
        ({"shuffle": True, "seed": 1.5}, TypeError),
        ({"drop_remainder": 1}, TypeError),
    ],
)
def test_bad_arguments(split, arguments, error):
    name = list(arguments)[-1]
    with pytest.raises(error, match=rf"argument `{name}`.*\(as_dataset\)"):
        split.as_dataset(**arguments)


def test_nothing_is_read_before_it_is_asked_for():
    def never():
        raise AssertionError("read too early")

    split = Split(3, never, never)
    assert len(split) == 3
    assert repr(split) == "Split(3 examples)"
    with pytest.raises(AssertionError, match="too early"):
        _ = split.labels


def test_examples_are_read_after_shuffling_which_is_of_all_of_them(split, monkeypatch):
    def read(dataset):
        opened.append(labels(dataset))
        return dataset.map(lambda image, label: (image, -label))

    opened = []
    late = Split(20, None, split._open_dataset, read)
    assert labels(late.as_dataset()) == [-label for label in range(20)]
    monkeypatch.setattr("kerasreg.datasets.split.LARGEST_BUFFER", 1)
    assert sorted(labels(late.as_dataset(shuffle=True, seed=1))) == [*range(-19, 1)]
    assert opened[0] == sorted(opened[1]) != opened[1]
