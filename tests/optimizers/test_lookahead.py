import keras
import numpy as np
import pytest

from kerasreg.optimizers import Lookahead
from tests.optimizers.by_hand import compiled, fit, looked_ahead


def sgd(rate=0.1, **arguments):
    return keras.optimizers.SGD(rate, **arguments)


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize(("period", "size"), [(3, 0.5), (1, 0.25), (5, 1.0)])
def test_weights_follow_the_algorithm(period, size, jit_compile):
    model = compiled(Lookahead(sgd(momentum=0.9), period, size), jit_compile=jit_compile)
    expected = looked_ahead(11, period, size, momentum=0.9)
    np.testing.assert_allclose(fit(model, 10), expected[9], rtol=1e-5)
    np.testing.assert_allclose(fit(model, 1), expected[10], rtol=1e-5)


def test_several_steps_in_one_execution():
    if keras.backend.backend() == "torch":
        pytest.skip("Keras has it not on PyTorch")
    model = compiled(Lookahead(sgd(), 3), steps_per_execution=5)
    np.testing.assert_allclose(fit(model, 10), looked_ahead(10, 3, 0.5)[-1], rtol=1e-5)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_the_period_counts_updates_of_accumulated_gradients(jit_compile):
    optimizer = Lookahead(sgd(gradient_accumulation_steps=4), 2)
    model = compiled(optimizer, jit_compile=jit_compile)
    np.testing.assert_allclose(fit(model, 4 * 5), looked_ahead(5, 2, 0.5)[-1], rtol=1e-5)
    np.testing.assert_allclose(fit(model, 4), looked_ahead(6, 2, 0.5)[-1], rtol=1e-5)


def test_learning_rate_schedule_sees_the_steps():
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([1, 3], [0.1, 0.2, 0.0])
    model = compiled(Lookahead(sgd(schedule), 10))
    np.testing.assert_allclose(fit(model, 9), 4.0 * 0.9**2 * 0.8**2, rtol=1e-5)


def test_callbacks_change_the_learning_rate():
    model = compiled(Lookahead(sgd(), 10))
    callback = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 2)
    fit(model, 1, callbacks=[callback])
    assert float(model.optimizer.learning_rate) == pytest.approx(0.2)
    assert float(model.optimizer.base.learning_rate) == pytest.approx(0.2)


def test_moving_average_is_that_of_the_fast_weights():
    model = compiled(Lookahead(sgd(use_ema=True, ema_momentum=0.5), 3))
    path, average = looked_ahead(3, 3, 0.5), 0.0
    for step, value in enumerate([*path[:2], 4.0 * 0.9**3]):
        average = value if step == 0 else 0.5 * average + 0.5 * value
    np.testing.assert_allclose(fit(model, 3), average, rtol=1e-5)


def test_moving_average_overwrites_the_weights():
    base = sgd(use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2)
    model = compiled(Lookahead(base, 100))
    alone = compiled(sgd(use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2))
    np.testing.assert_allclose(fit(model, 5), fit(alone, 5), rtol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_mixed_precision(policy, jit_compile):
    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = keras.Sequential([keras.Input((1,)), layer], name="mixed")
    finally:
        keras.config.set_dtype_policy(before)
    model.compile(Lookahead(sgd(), 3), "mse", jit_compile=jit_compile)
    scales = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert scales == (policy == "mixed_float16")
    expected = looked_ahead(7, 3, 0.5, rate=0.2, start=1.0)[-1]
    np.testing.assert_allclose(fit(model, 7), expected, rtol=0.02)


def test_loss_scale_of_the_optimizer_inside():
    model = compiled(Lookahead(sgd(loss_scale_factor=1024.0), 3))
    assert model.optimizer.loss_scale_factor == 1024.0
    np.testing.assert_allclose(fit(model, 7), looked_ahead(7, 3, 0.5)[-1], rtol=1e-5)
    scaling = keras.optimizers.LossScaleOptimizer(Lookahead(sgd(loss_scale_factor=2.0)))
    assert scaling.inner_optimizer.base.loss_scale_factor is None


def test_training_goes_on_within_a_period_after_saving(tmp_path):
    model = compiled(Lookahead(sgd(momentum=0.9), 4))
    fit(model, 6)
    model.save(tmp_path / "model.keras")
    expected = fit(model, 5)
    np.testing.assert_allclose(expected, looked_ahead(11, 4, 0.5, momentum=0.9)[-1], rtol=1e-5)
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    assert fit(loaded, 5) == expected


def test_slow_weights_start_from_weights_that_were_set_from_outside():
    model = compiled(Lookahead(sgd(), 3))
    fit(model, 3)
    model.set_weights([np.array([[8.0]])])
    np.testing.assert_allclose(fit(model, 3), looked_ahead(3, 3, 0.5, start=8.0)[-1], rtol=1e-5)


def test_constraint_holds_after_the_slow_step():
    model = compiled(Lookahead(sgd(0.25), 1, 0.5), constraint=Rounded())
    assert fit(model, 1) == 4.0  # 4 + 0.5 * (3 - 4), rounded to even


class Rounded(keras.constraints.Constraint):
    def __call__(self, weights):
        return keras.ops.round(weights)


def test_name_of_an_optimizer():
    optimizer = Lookahead("adam")
    assert isinstance(optimizer.base, keras.optimizers.Adam)
    assert optimizer.sync_period == 6
    assert optimizer.slow_step_size == 0.5
