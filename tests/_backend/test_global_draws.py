import keras
import pytest

from kerasreg._backend.global_draws import global_draws


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="only PyTorch has the generator")
def test_draws_follow_the_seed_and_leave_no_trace():
    import torch

    before = torch.get_rng_state()
    found = []
    for seed in (1, 1, 2):
        with global_draws(torch.tensor(seed)) as drawn:
            assert not drawn()
            found.append(torch.rand(3))
            assert drawn()
    assert found[0].equal(found[1])
    assert not found[0].equal(found[2])
    assert torch.get_rng_state().equal(before)


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="for the other backends")
def test_elsewhere_nothing_is_drawn():
    with global_draws(None) as drawn:
        assert not drawn()
