"""Every optimizer around another one through the same checks; the rows stand in `cases.py`."""

import keras
import numpy as np
import pytest

from tests.conformance.cases import CASES, OptimizerCase

every_optimizer = pytest.mark.parametrize(
    "case", [case for case in CASES if isinstance(case, OptimizerCase)], ids=str
)


def made(case):
    """Returns an optimizer around one of its own."""
    return keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(case.make()))


def trained(optimizer, **arguments):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3), keras.layers.Dense(1)])
    model.compile(optimizer, "mse", **arguments)
    model.fit(np.ones((4, 2)), np.ones((4, 1)), batch_size=2, verbose=0)
    return model


@every_optimizer
def test_config_round_trip(case):
    optimizer = case.make()
    copy = made(case)
    assert type(copy) is case.cls
    assert copy.get_config() == optimizer.get_config()
    for name, value in case.arguments.items():
        if name == "base":
            assert copy.base.get_config() == value.get_config()
        else:
            assert getattr(copy, name) == value


@every_optimizer
@pytest.mark.parametrize("jit_compile", [False, True])
def test_saved_model_goes_on_as_it_was(case, jit_compile, tmp_path):
    model = trained(made(case), jit_compile=jit_compile)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded.optimizer) is case.cls
    x, y = np.ones((4, 2)), np.ones((4, 1))
    for each in (model, loaded):
        each.fit(x, y, batch_size=2, verbose=0)
    for mine, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)


@every_optimizer
def test_what_is_asked_of_it_is_what_is_inside(case):
    optimizer = trained(made(case)).optimizer
    inside = optimizer.base
    assert {id(each) for each in inside.variables} < {id(each) for each in optimizer.variables}
    optimizer.learning_rate = 0.25
    assert float(inside.learning_rate) == float(optimizer.learning_rate) == 0.25
    assert int(inside.iterations) == int(optimizer.iterations) == 2
    optimizer.loss_scale_factor = 8.0
    assert inside.loss_scale_factor == optimizer.loss_scale_factor == 8.0
    assert float(optimizer.scale_loss(keras.ops.array(2.0))) == 16.0


@every_optimizer
def test_the_loss_is_scaled_around_it(case):
    model = trained(keras.optimizers.LossScaleOptimizer(made(case)))
    plain = trained(made(case))
    for mine, other in zip(model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-6)
