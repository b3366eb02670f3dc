"""On PyTorch, compiled code is traced and differentiated, but not made into machine code.

The compiler takes a quarter of a minute for each layer. Tests elsewhere go through all of it.
"""

import functools

import keras
import pytest


@pytest.fixture(autouse=True)
def _no_code_generation(monkeypatch):
    if keras.backend.backend() == "torch":
        import torch

        traced = functools.partial(torch.compile, backend="aot_eager")
        monkeypatch.setattr(torch, "compile", traced)
