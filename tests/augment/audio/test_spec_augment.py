import numpy as np
import pytest

from kerasreg.augment import Augmenter, SpecAugment
from tests.augment.by_hand import by_hand

SPECTROGRAMS = np.random.default_rng(0).normal(3, 1, (4, 12, 8)).astype("float32")


def masked(n, *, length=20, bands=16, seed=1, **arguments):
    """Returns which times and which frequencies are masked in each of n spectrograms."""
    ones = np.ones((n, length, bands), "float32")
    result = Augmenter([SpecAugment(**arguments)], seed=seed).apply(ones, index=0).numpy()
    assert set(np.unique(result)) <= {0, 1}
    return (result == 0).all(axis=2), (result == 0).all(axis=1)


def applied(operation, values=SPECTROGRAMS, *, jit_compile=False, **parameters):
    n = len(values)
    known = {
        "max_frequencies": np.zeros(n, "float32"),
        "max_steps": np.zeros(n, "float32"),
        "max_warp": np.zeros(n, "float32"),
        "warp_shares": np.zeros((n, 2), "float32"),
        "frequency_shares": np.zeros((n, 1, 2), "float32"),
        "step_shares": np.zeros((n, 1, 2), "float32"),
    }
    made = {name: np.asarray(value, "float32") for name, value in parameters.items()}
    return by_hand([operation], [{**known, **made}], values, jit_compile=jit_compile)


@pytest.mark.parametrize(
    ("policy", "warp", "frequencies", "frequency_masks", "steps", "share", "time_masks"),
    [
        ("LB", 80, 27, 1, 100, 1.0, 1),
        ("LD", 80, 27, 2, 100, 1.0, 2),
        ("SM", 40, 15, 2, 70, 0.2, 2),
        ("SS", 40, 27, 2, 70, 0.2, 2),
    ],
)
def test_policies_are_those_of_the_paper(
    policy, warp, frequencies, frequency_masks, steps, share, time_masks
):
    made = SpecAugment.from_policy(policy, fill_value="mean")
    assert (made.max_warp, made.max_frequencies, made.frequency_masks) == (
        warp,
        frequencies,
        frequency_masks,
    )
    assert (made.max_steps, made.max_step_share, made.time_masks) == (steps, share, time_masks)
    assert made.fill_value == "mean"
    assert SpecAugment.from_policy(policy, time_masks=5).time_masks == 5


def test_widths_and_places_of_masks_are_uniform():
    """Widths 0 to 3 of 16 frequencies; each place in which a mask of 3 fits."""
    n = 20_000
    times, bands = masked(n, max_frequencies=3, max_steps=0)
    assert not times.any()
    width = bands.sum(axis=1)
    counts = np.bincount(width, minlength=4)
    assert np.abs(counts - n / 4).max() < 5 * np.sqrt(n * 0.25 * 0.75)
    start = bands[width == 3].argmax(axis=1)
    assert (np.diff(bands.astype(int), axis=1) == 1).sum(axis=1).max() == 1
    n = len(start)
    places = np.bincount(start, minlength=14)
    assert len(places) == 14
    assert np.abs(places - n / 14).max() < 5 * np.sqrt(n / 14 * 13 / 14)


def test_times_are_masked_like_frequencies():
    n = 20_000
    times, bands = masked(n, max_frequencies=0, max_steps=4)
    assert not bands.any()
    counts = np.bincount(times.sum(axis=1), minlength=5)
    assert np.abs(counts - n / 5).max() < 5 * np.sqrt(n * 0.2 * 0.8)
    assert times[:, 0].any()
    assert times[:, -1].any()


def test_time_masks_are_no_longer_than_their_share():
    n = 5000
    times, _ = masked(n, max_frequencies=0, max_steps=100, max_step_share=0.3)
    counts = np.bincount(times.sum(axis=1))
    assert len(counts) == 7
    assert np.abs(counts - n / 7).max() < 5 * np.sqrt(n / 7 * 6 / 7)


def test_masks_as_wide_as_the_spectrogram():
    times, bands = masked(2000, length=3, bands=2, max_frequencies=27, max_steps=100)
    assert {0, 1, 2, 3} == set(times.sum(axis=1))
    assert {0, 1, 2} == set(bands.sum(axis=1))


def test_several_masks_are_drawn_apart():
    n = 20_000
    _, bands = masked(n, max_frequencies=1, max_steps=0, frequency_masks=2)
    # Each mask has width 1 with probability 1/2, and one of 16 places.
    share = (bands.sum(axis=1) == 2).mean()
    expected = 0.25 * 15 / 16
    assert abs(share - expected) < 5 * np.sqrt(expected * (1 - expected) / n)


def test_no_masks_at_all():
    own = Augmenter([SpecAugment(frequency_masks=0, time_masks=0)], seed=1)
    np.testing.assert_array_equal(own.apply(SPECTROGRAMS, index=0), SPECTROGRAMS)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_masks_are_filled_with_the_mean_of_their_example(jit_compile):
    operation = SpecAugment(max_frequencies=4, max_steps=0, fill_value="mean")
    shares = np.tile([0.5, 0.5], (4, 1, 1))
    result = applied(
        operation, max_frequencies=[4] * 4, frequency_shares=shares, jit_compile=jit_compile
    )
    mean = SPECTROGRAMS.astype("float64").mean(axis=(1, 2))
    expected = SPECTROGRAMS.copy()
    expected[:, :, 3:5] = mean[:, None, None]
    np.testing.assert_allclose(result, expected, rtol=1e-5)


def test_channels_are_masked_alike():
    values = np.stack([SPECTROGRAMS, SPECTROGRAMS + 10], axis=-1)
    own = Augmenter([SpecAugment(4, 4, max_warp=3, fill_value=-100)], seed=1)
    result = own.apply(values, index=0, batched=True).numpy()
    is_masked = result == -100
    np.testing.assert_array_equal(is_masked[..., 0], is_masked[..., 1])
    assert is_masked.any()
    difference = (result[..., 1] - result[..., 0])[~is_masked[..., 0]]
    np.testing.assert_allclose(difference, 10, atol=1e-4)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_the_warp_moves_one_moment_and_stretches_between(jit_compile):
    """On a ramp of time, what is read is where it is read."""
    time = np.arange(21.0)
    ramp = np.tile(time[None, :, None], (3, 1, 2)).astype("float32")
    # With W = 4 of 21 steps, moments are drawn between 4 and 16: at 10, 4 and 16 here.
    result = applied(
        SpecAugment(max_warp=4),
        ramp,
        max_warp=[4, 4, 4],
        warp_shares=[[0.5, 0.5], [0.0, 1.0], [1.0, -0.25]],
        jit_compile=jit_compile,
    )
    for i, (before, after) in enumerate([(10, 12), (4, 8), (16, 15)]):
        expected = np.interp(time, [0, after, 20], [0, before, 20])
        np.testing.assert_allclose(result[i, :, 0], expected, atol=1e-5)
        np.testing.assert_array_equal(result[i, :, 0], result[i, :, 1])


@pytest.mark.parametrize("length", [1, 2, 3, 10])
def test_warps_longer_than_the_spectrogram(length):
    time = np.arange(float(length), dtype="float32")
    ramp = np.tile(time[None, :, None], (500, 1, 2))
    own = Augmenter([SpecAugment(0, 0, max_warp=80)], seed=1)
    result = own.apply(ramp, index=0).numpy()[..., 0]
    assert (np.diff(result, axis=1) > -1e-5).all()
    assert result.min() >= 0
    assert result.max() <= length - 1


def test_moments_and_distances_of_the_warp_are_uniform():
    n = 20_000
    (drawn,) = Augmenter([SpecAugment(max_warp=80)], seed=4).draw(range(n))
    moment, distance = drawn["warp_shares"].numpy().T
    for values, low, high in ((moment, 0, 1), (distance, -1, 1)):
        assert low <= values.min()
        assert values.max() <= high
        middle, width = (low + high) / 2, high - low
        assert abs(values.mean() - middle) < 5 * width / np.sqrt(12 * n)
        assert abs((values > middle + width / 4).mean() - 0.25) < 5 * np.sqrt(0.1875 / n)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"max_frequencies": -1}, ValueError, "`max_frequencies`. Expected a finite, non-negative"),
        ({"time_masks": 1.5}, TypeError, "`time_masks`. Expected an integer"),
        ({"max_step_share": 1.5}, ValueError, "`max_step_share`. Expected a float value between 0"),
        ({"fill_value": "median"}, ValueError, "`fill_value`. Expected one of 'mean', or a number"),
        ({"fill_value": None}, TypeError, "`fill_value`"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        SpecAugment(**arguments)


def test_unknown_policies_are_refused():
    with pytest.raises(ValueError, match="Expected one of 'LB', 'LD', 'SM', 'SS'"):
        SpecAugment.from_policy("XL")


def test_waveforms_are_refused():
    with pytest.raises(ValueError, match="audio"):
        Augmenter([SpecAugment()], seed=1).apply(np.ones(50, "float32"), index=0)
