"""PyTorch's generator comes back; on the other backends there is none."""

import keras
import pytest

from kerasreg._backend.random_states import kept_random_states


def test_the_generator_comes_back():
    if keras.config.backend() != "torch":
        with kept_random_states():
            return
    torch = pytest.importorskip("torch")
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    with kept_random_states():
        torch.rand(5)
    assert torch.rand(2).equal(expected)
