"""The pictures of augmentation: every operation is there, and its strength rises."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("tensorflow")

from kerasreg import augment
from kerasreg._register import family, registered
from kerasreg.report.gallery._operations import COLUMNS, rows, series
from kerasreg.report.gallery.augmentations import (
    TITLES,
    augment_mixing,
    cells,
    spectrogram,
    waveform,
)
from tests.report.gallery.images import two_images

ROWS = {row.name: row for row in rows()}


def test_every_augmentation_of_images_and_sound_is_pictured():
    operations = [cls for cls in registered() if family(cls) == "augment"]
    names = {
        cls.__name__
        for cls in operations
        if issubclass(cls, augment.Operation) and cls.part in ("image", "audio")
    }
    assert set(ROWS) == names
    assert {row.page for row in ROWS.values()} == set(TITLES)


def test_strengths_rise():
    for row in ROWS.values():
        values = [float(label) for label in row.labels]
        if row.words == "snr_db":  # less signal for the noise
            values.reverse()
        assert values == sorted(set(values)), row.name
        assert len(row.operations) in (1, COLUMNS)


def test_values_go_by_class_then_argument_then_its_last_word():
    assert series("Hue", "max_degrees")[-1] == 180
    assert series("Rotate", "max_degrees")[-1] == 80
    assert series("Shear", "max_horizontal_degrees")[-1] == 30
    assert series("Unheard", "of") == (0.1, 0.2, 0.4, 0.8)


@pytest.mark.parametrize("name", ["Brightness", "Cutout", "Blur"])
def test_images_differ_more_as_the_strength_rises(name):
    images = two_images()
    changes = [
        np.abs(image.astype(float) - images[0]).mean() for image, _ in cells(ROWS[name], images)
    ]
    assert len(changes) == COLUMNS
    assert changes == sorted(changes)
    assert changes[0] < changes[-1]


def test_what_has_no_strength_is_shown_once_or_by_draws():
    images = two_images()
    ((gray, label),) = cells(ROWS["Grayscale"], images)
    assert label == ""
    assert (gray == gray[..., :1]).all()
    flipped = cells(ROWS["Flip"], images)
    assert [label for _, label in flipped] == ["draw 1", "draw 2"]


def test_sounds_are_changed_as_the_operation_says():
    gained = [sound for sound, _ in cells(ROWS["Gain"], [])]
    for sound, decibels in zip(gained, series("Gain", "max_db"), strict=True):
        factor = sound[40] / waveform()[40]
        np.testing.assert_allclose(sound, factor * waveform(), rtol=1e-4, atol=1e-5)
        assert 1 < abs(20 * np.log10(factor)) + 1 <= decibels + 1.001
    (inverted, *_) = (sound for sound, _ in cells(ROWS["PolarityInvert"], []))
    np.testing.assert_allclose(np.abs(inverted), np.abs(waveform()), atol=1e-6)
    masked = cells(ROWS["SpecAugment"], [])[-1][0]
    assert masked.shape == spectrogram().shape
    assert (masked == 0).mean() > 0.05


def test_mixed_labels_are_those_of_the_images():
    images = two_images()
    found = cells(ROWS["MixUp"], images)
    assert len(found) == COLUMNS
    for image, label in found:
        share = int(label.split("%")[0]) / 100
        mixed = share * images[0] + (1 - share) * images[1]
        assert np.abs(image - mixed).max() < 3


def test_one_image_is_enough_for_mixing():
    figure = augment_mixing(two_images()[:1])
    assert figure.axes
