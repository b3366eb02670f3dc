"""The picture of DropBlock: whole blocks, at about the rate."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from kerasreg.report.gallery.drop_block import BLOCKS, RATE, drop_block, kept


@pytest.mark.parametrize("block", [3, (3, 15)], ids=["square", "wide"])
def test_every_dropped_value_is_in_a_dropped_block(block):
    height, width = (block, block) if isinstance(block, int) else block
    gone = ~kept(block)[:4]
    windows = np.lib.stride_tricks.sliding_window_view(gone, (height, width), (1, 2))
    whole = windows.all((3, 4))
    covered = np.zeros_like(gone)
    for down in range(height):
        for across in range(width):
            covered[:, down : down + whole.shape[1], across : across + whole.shape[2]] |= whole
    np.testing.assert_array_equal(covered, gone)


def test_the_share_dropped_is_the_rate_less_what_overlaps():
    for block in BLOCKS:
        assert 0.85 * RATE < 1 - kept(block).mean() < 1.05 * RATE


def test_the_picture_says_the_share():
    figure = drop_block()
    labels = [panel.get_xlabel() for panel in figure.axes if panel.get_xlabel()]
    assert labels[1].startswith(f"{1 - kept(BLOCKS[1]).mean():.3f} dropped")
