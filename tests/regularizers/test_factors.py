"""What the factors of all norm penalties have in common."""

import json
import math

import keras
import numpy as np
import pytest

from kerasreg import regularizers

FACTORS = [
    (regularizers.L1, "l1"),
    (regularizers.L2, "l2"),
    (regularizers.L1L2, "l1"),
    (regularizers.L1L2, "l2"),
    (regularizers.ElasticNet, "strength"),
]
every_factor = pytest.mark.parametrize(
    ("cls", "name"), FACTORS, ids=[f"{cls.__name__}.{name}" for cls, name in FACTORS]
)


@every_factor
@pytest.mark.parametrize("bad", [-1, -1e-9, math.inf, -math.inf, math.nan, np.float32("nan")])
def test_wrong_value(cls, name, bad):
    with pytest.raises(ValueError, match=f"argument `{name}`.*finite, non-negative float") as info:
        cls(**{name: bad})
    assert str(info.value).endswith(f"Received: {name}={bad!r} ({cls.__name__}).")


@every_factor
@pytest.mark.parametrize(
    "bad", [None, "a", "0.1", True, np.True_, [0.1], (0.1,), {"l1": 0.1}, np.ones(2), 1j], ids=repr
)
def test_wrong_kind(cls, name, bad):
    with pytest.raises(TypeError, match=f"argument `{name}`.*finite, non-negative float") as info:
        cls(**{name: bad})
    assert str(info.value).endswith(f"Received: {name}={bad!r} ({cls.__name__}).")


@every_factor
@pytest.mark.parametrize(
    "good", [0, 2, 0.1, np.float16(0.5), np.float32(0.5), np.float64(0.1), np.int64(3)], ids=repr
)
def test_numbers_become_python_floats(cls, name, good):
    penalty = cls(**{name: good})
    assert type(getattr(penalty, name)) is float
    assert getattr(penalty, name) == float(good)
    assert json.loads(json.dumps(penalty.get_config())) == penalty.get_config()


@every_factor
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_zero_weights_have_a_finite_gradient(cls, name, dtype, gradient):
    steps = gradient(cls(**{name: 0.5}), np.zeros((2, 3)), dtype)
    assert (np.abs(steps) <= 0.5).all()


@every_factor
def test_saved_model_keeps_the_factor(cls, name, tmp_path):
    layer = keras.layers.Dense(
        2, kernel_regularizer=cls(**{name: 0.1}), activity_regularizer=cls(**{name: 0.3})
    )
    model = keras.Sequential([keras.Input((3,)), layer])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras").layers[0]
    for argument in ("kernel_regularizer", "activity_regularizer"):
        assert type(getattr(loaded, argument)) is cls
        assert getattr(loaded, argument).get_config() == getattr(layer, argument).get_config()


@every_factor
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_penalty_has_the_dtype_of_the_losses_it_is_added_to(cls, name, dtype, floatx):
    if dtype == "float64" and keras.backend.backend() == "jax":
        pytest.skip("JAX has float64 switched off")
    floatx(dtype)
    for of_weights in ("float16", "bfloat16", "float32"):
        value = cls(**{name: 0.5})(keras.Variable(np.ones((2, 2)), dtype=of_weights))
        assert keras.backend.standardize_dtype(value.dtype) == dtype


@every_factor
@pytest.mark.parametrize("policy", [None, "float32", "mixed_bfloat16"])
@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_training_with_another_default_dtype(cls, name, policy, dtype, floatx):
    floatx(dtype)
    penalty = cls(**{name: 0.5})
    layer = keras.layers.Dense(
        2, kernel_regularizer=penalty, activity_regularizer=penalty, dtype=policy
    )
    model = keras.Sequential([keras.Input((3,)), layer])
    model.compile("sgd", "mse", run_eagerly=True)
    assert np.isfinite(model.train_on_batch(np.ones((4, 3)), np.ones((4, 2))))
