"""The picture of other dropout shows what the layers do."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from kerasreg.report.gallery.other_dropout import (
    RATE,
    SAMPLES,
    SENTENCE,
    concrete,
    drop_connect,
    embedding_dropout,
    example_weights,
    multi_sample,
    other_dropout,
    patch_dropout,
    targeted_dropout,
)
from tests.report.gallery.images import two_images


def test_weights_are_dropped_or_kept():
    weights = example_weights()
    found = drop_connect(weights)
    np.testing.assert_allclose(found, np.where(found == 0, 0, weights), rtol=1e-5)
    assert abs((found == 0).mean() - RATE) < 5 * (RATE * (1 - RATE) / weights.size) ** 0.5


def test_only_the_smaller_half_of_a_unit_is_targeted():
    weights = example_weights()
    gone = targeted_dropout(weights) == 0
    middle = np.median(np.abs(weights), axis=0)
    assert gone.any()
    assert (np.abs(weights)[gone] <= np.broadcast_to(middle, weights.shape)[gone]).all()


def test_a_word_is_dropped_at_all_its_places():
    factors = embedding_dropout()
    by_word = {word: set() for word in SENTENCE}
    for word, row in zip(SENTENCE, factors, strict=True):
        by_word[word] |= set(row.round(5))
    assert sorted(map(len, by_word.values())) == [1] * len(by_word)
    gone = [word for word, values in by_word.items() if values == {0}]
    assert max(SENTENCE.count(word) for word in gone) > 1
    assert len(gone) < len(by_word)


def test_half_of_the_patches_are_kept():
    assert patch_dropout().mean() == 0.5


def test_masks_are_soft_or_averaged():
    soft = concrete()
    assert ((soft > 0.01) & (soft < 0.99)).any()
    eighths = multi_sample() * SAMPLES
    np.testing.assert_allclose(eighths, eighths.round(), atol=1e-4)


def test_the_picture_has_six_named_panels():
    titles = {panel.get_title() for panel in other_dropout(two_images()).axes}
    assert {"DropConnect", "TargetedDropout", "EmbeddingDropout", "PatchDropout"} <= titles
    assert {"ConcreteDropout", "MultiSampleDropout"} <= titles
