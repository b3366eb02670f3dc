"""Rates of stochastic depth that grow with the depth of the block."""

from kerasreg import _checks


def linear_rates(blocks, last):
    """Returns the drop rate of each residual block, growing linearly from the first to the last.

    Block l of L gets the rate `l / L * last`. That is the paper's survival probability
    `p_l = 1 - l / L * (1 - p_L)`, turned into rates: `rate_l = 1 - p_l`, `last = 1 - p_L`.
    Early blocks, whose features all others use, stay more often than late ones. On average
    `blocks - last * (blocks + 1) / 2` blocks are there in a training step.

    Differs from what timm and the ConvNeXt of Keras do, where the first block has rate 0.

    Args:
        blocks: Number of residual blocks of the whole network, at least 1.
        last: Drop rate of the last block, between 0 and 1. The paper takes 0.5.

    Returns:
        A list of `blocks` floats.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `blocks` is below 1 or `last` is not between 0 and 1.

    Example:
        >>> import kerasreg
        >>> kerasreg.layers.linear_rates(4, last=0.5)
        [0.125, 0.25, 0.375, 0.5]

    Reference:
        Huang, Sun, Liu, Sedra, Weinberger 2016, Deep Networks with Stochastic Depth, ECCV,
        arXiv:1603.09382, equation 4.
    """
    blocks = _checks.whole("blocks", blocks, "linear_rates", low=1)
    last = _checks.fraction("last", last, "linear_rates")
    return [block / blocks * last for block in range(1, blocks + 1)]
