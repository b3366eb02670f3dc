"""The random generator that PyTorch has for the whole process."""

import contextlib
from contextlib import AbstractContextManager

import keras


def kept_random_states() -> AbstractContextManager[None]:
    """Returns a block at whose end PyTorch's generators are as they were.

    Every loop over a `torch.utils.data.DataLoader` draws from them, also one in order. TensorFlow
    and JAX have none. Those of Python and NumPy are left alone: threads that prepare the next
    batches may draw from them meanwhile.
    """
    if keras.config.backend() != "torch":
        return contextlib.nullcontext()
    import torch

    return torch.random.fork_rng()
