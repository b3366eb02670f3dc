import keras
import numpy as np

from kerasreg._backend.grouped_updates import group_updates, updates_in_groups

ON_TORCH = keras.backend.backend() == "torch"


def built(optimizer):
    weights = [keras.Variable([2.0]), keras.Variable([2.0]), keras.Variable([2.0])]
    optimizer.build(weights)
    return weights


def step(optimizer, weights):
    optimizer.apply([keras.ops.array([1.0])] * len(weights), weights)
    return [float(keras.ops.convert_to_numpy(weight.value)[0]) for weight in weights]


def test_each_variable_has_its_own_rate_and_decay():
    optimizer = keras.optimizers.SGD(0.5, weight_decay=0.1)
    weights = built(optimizer)
    group_updates(optimizer, [1.0, 0.5, 0.5], [0.0, 0.2, 0.4])
    # 2 - 0.5 * factor * (decay * 2 + 1)
    np.testing.assert_allclose(step(optimizer, weights), [1.5, 1.65, 1.55], rtol=1e-6)
    assert optimizer.weight_decay == optimizer.get_config()["weight_decay"] == 0.1


def test_other_groups_take_the_place_of_the_first():
    optimizer = keras.optimizers.SGD(0.5)
    weights = built(optimizer)
    group_updates(optimizer, [0.5] * 3, [0.2] * 3)
    group_updates(optimizer, [0.25] * 3, [0.0] * 3)
    np.testing.assert_allclose(step(optimizer, weights), [1.875] * 3)
    group_updates(optimizer, [1.0] * 3, [0.0] * 3)
    np.testing.assert_allclose(step(optimizer, weights), [1.375] * 3)


def test_what_the_optimizer_excludes_from_decay_is_excluded():
    optimizer = keras.optimizers.SGD(0.5)
    weights = [keras.Variable([2.0], name=name) for name in ("kernel", "bias")]
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.build(weights)
    group_updates(optimizer, [1.0, 1.0], [0.2, 0.2])
    np.testing.assert_allclose(step(optimizer, weights), [1.3, 1.5])


def test_optimizers_that_update_all_at_once():
    assert updates_in_groups(keras.optimizers.Adam())
    assert updates_in_groups(keras.optimizers.Nadam()) != ON_TORCH
