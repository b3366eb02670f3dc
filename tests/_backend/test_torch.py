"""Draws under PyTorch's autograd; elsewhere there is nothing to test."""

import keras
import numpy as np
import pytest

import kerasreg
from tests._random.reference import words

if keras.backend.backend() != "torch":
    pytest.skip("the PyTorch backend", allow_module_level=True)

import torch

from kerasreg._backend import torch as backend

SHAPE = (30, 20)


def keep(step, shape=SHAPE, seed=3):
    return words(seed, step, shape) >= 2**31


@pytest.fixture
def layer():
    return kerasreg.layers.Dropout(0.5, seed=3)


def test_gradients_of_first_and_second_order_belong_to_the_mask(layer):
    x = torch.linspace(-1, 1, 600).reshape(SHAPE).requires_grad_()
    y = (layer(x, training=True) ** 3).sum()
    (first,) = torch.autograd.grad(y, x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    scaled, x = 2.0 * keep(0), x.detach().numpy()
    np.testing.assert_allclose(first.detach(), 3 * x**2 * scaled**3, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(second, 6 * x * scaled**3, rtol=1e-5, atol=1e-6)


def test_nothing_of_the_size_of_the_input_is_kept_for_the_gradient(layer):
    kept = []

    def record(tensor):
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(record, lambda tensor: tensor):
        layer(torch.ones(SHAPE, requires_grad=True), training=True)
    assert kept
    assert max(kept) <= 4


def test_words_stay_below_two_to_the_32():
    product = backend.low32(torch.tensor([0xFFFFFFFF]) * 0x85EBCA6B)
    assert int(product) == 0xFFFFFFFF * 0x85EBCA6B % 2**32


def test_a_compiled_function_draws_the_mask_of_each_step(layer):
    call = torch.compile(lambda x: layer(x, training=True))
    for step in range(4):
        np.testing.assert_array_equal(call(torch.ones(SHAPE)) > 0, keep(step))
