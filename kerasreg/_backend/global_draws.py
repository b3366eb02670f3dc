"""Draws from the generator that PyTorch has for the whole process.

On PyTorch, Keras' own `Dropout` draws from it when it is not given a seed; nothing of these draws
shows in the state of a layer. On TensorFlow and JAX there is no such generator.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras


@contextlib.contextmanager
def global_draws(seed: Any) -> Iterator[Callable[[], bool]]:
    """Makes draws depend on a seed, and puts the generators back as they were.

    Args:
        seed: Integer, or scalar tensor of integers.

    Yields:
        A function that returns whether anything has been drawn yet.
    """
    if keras.config.backend() != "torch":
        yield lambda: False
        return
    import torch

    def states():
        return [torch.get_rng_state(), *torch.cuda.get_rng_state_all()]

    with torch.random.fork_rng():
        torch.manual_seed(int(seed))
        start = states()
        yield lambda: any(not a.equal(b) for a, b in zip(start, states(), strict=True))
