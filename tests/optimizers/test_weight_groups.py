import keras
import numpy as np
import pytest

from kerasreg.optimizers import Lookahead, WeightGroups
from tests.optimizers.by_hand import compiled, fit

ON_TORCH = keras.backend.backend() == "torch"
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(12, 3)), RNG.normal(size=(12, 1))


def group(path="kernel", weight_decay=0.0, learning_rate_factor=1.0):
    numbers = {"weight_decay": weight_decay, "learning_rate_factor": learning_rate_factor}
    return {"path": path, **numbers}


def one(base, decay=0.0, factor=1.0):
    """Returns an optimizer for a single weight."""
    return WeightGroups(base, [group("", decay, factor)])


def decayed(steps, rate, decay, start=4.0):
    """Returns the weight on the loss w^2 / 2, which is its own gradient."""
    weight = start
    for _ in range(steps):
        weight -= rate * decay * weight + rate * weight
    return weight


@pytest.mark.parametrize("arguments", [{}, {"run_eagerly": True}, {"jit_compile": True}], ids=str)
def test_a_weight_has_its_own_rate_and_decay(arguments):
    if ON_TORCH and "jit_compile" in arguments:
        pytest.skip("the compiler of PyTorch takes a quarter of a minute")
    model = compiled(one(keras.optimizers.SGD(0.1), 0.5, 0.25), **arguments)
    np.testing.assert_allclose(fit(model, 5), decayed(5, 0.025, 0.5), rtol=1e-5)


OPTIMIZERS = {
    "sgd": lambda rate: keras.optimizers.SGD(rate, momentum=0.9, nesterov=True),
    "adam": keras.optimizers.Adam,
    "adamw": lambda rate: keras.optimizers.AdamW(rate, weight_decay=0.0),
    "lion": keras.optimizers.Lion,
    "rmsprop": keras.optimizers.RMSprop,
    "nadam": keras.optimizers.Nadam,
    "adagrad": keras.optimizers.Adagrad,
    "lamb": keras.optimizers.Lamb,
    "muon": lambda rate: keras.optimizers.Muon(rate, weight_decay=0.0, adam_weight_decay=0.0),
    "averaging": lambda rate: keras.optimizers.SGD(rate, use_ema=True, ema_overwrite_frequency=2),
    "clipping": lambda rate: keras.optimizers.SGD(rate, clipnorm=1.0),
    "accumulating": lambda rate: keras.optimizers.SGD(rate, gradient_accumulation_steps=2),
    "scaled": lambda rate: keras.optimizers.SGD(rate, loss_scale_factor=64.0),
    "scheduled": lambda rate: keras.optimizers.SGD(
        keras.optimizers.schedules.PiecewiseConstantDecay([2], [rate, rate / 2])
    ),
}


PATHS = [f"net/{layer}/{name}" for layer in ("first", "second") for name in ("kernel", "bias")]


def layers():
    start = keras.initializers.Constant(0.5)
    return [
        keras.layers.Dense(3, "tanh", kernel_initializer="identity", name="first"),
        keras.layers.Dense(1, kernel_initializer=start, name="second"),
    ]


def trained(optimizer, *, frozen=(), **arguments):
    model = keras.Sequential([keras.Input((3,)), *layers()], name="net")
    for name in frozen:
        model.get_layer(name).trainable = False
    model.compile(optimizer, "mse", **arguments)
    model.fit(X, Y, batch_size=3, shuffle=False, verbose=0)
    return model


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_factor_is_another_learning_rate(name):
    """With one layer frozen, the other trains as with that rate for all."""
    make = OPTIMIZERS[name]
    if name == "nadam" and ON_TORCH:
        pytest.skip("refused")
    groups = [group(path, 0.0, 0.25 if "first" in path else 1.0) for path in PATHS]
    for frozen, rate in (("second", 0.025), ("first", 0.1)):
        found = trained(WeightGroups(make(0.1), groups), frozen=[frozen]).get_weights()
        expected = trained(make(rate), frozen=[frozen]).get_weights()
        for mine, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(mine, other, rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("name", ["adamw", "lion", "sgd", "muon", "accumulating"])
def test_decay_of_some_weights_is_that_of_keras(name):
    def excluding(rate):
        optimizer = OPTIMIZERS[name](rate)
        optimizer.weight_decay = 0.5
        if name == "muon":
            optimizer.adam_weight_decay = 0.5
        optimizer.exclude_from_weight_decay(var_names=["bias"])
        return optimizer

    groups = [group(path, 0.5 if "kernel" in path else 0.0) for path in PATHS]
    found = trained(WeightGroups(OPTIMIZERS[name](0.05), groups)).get_weights()
    for mine, other in zip(found, trained(excluding(0.05)).get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=2e-5, atol=1e-7)


def test_the_decay_of_the_optimizer_inside_is_not_used_and_kept():
    base = keras.optimizers.AdamW(0.1, weight_decay=0.5)
    found = trained(WeightGroups(base, [group(path) for path in PATHS])).get_weights()
    for mine, other in zip(found, trained(keras.optimizers.Adam(0.1)).get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=2e-5)
    assert base.weight_decay == base.get_config()["weight_decay"] == 0.5


def test_mixed_precision_and_lookahead_go_around_it():
    optimizer = one(keras.optimizers.SGD(0.1), 0.5, 0.25)
    model = compiled(keras.optimizers.LossScaleOptimizer(optimizer))
    np.testing.assert_allclose(fit(model, 5), decayed(5, 0.025, 0.5), rtol=1e-5)
    optimizer = Lookahead(one(keras.optimizers.SGD(0.1), 0.5, 0.25), 2, 0.5)
    first = decayed(2, 0.025, 0.5)
    np.testing.assert_allclose(fit(compiled(optimizer), 2), (4.0 + first) / 2, rtol=1e-5)


def test_weights_of_one_path_are_known_by_their_order():
    groups = [group("twin", 0.0, 0.5), group("twin", 0.0, 1.0)]
    weights = [keras.Variable(0.0, name="twin") for _ in range(2)]
    optimizer = WeightGroups(keras.optimizers.SGD(1.0), groups)
    optimizer.apply([keras.ops.array(1.0)] * 2, weights)
    assert [float(weight) for weight in weights] == [-0.5, -1.0]
    with pytest.raises(ValueError, match=r"`groups`.*one group for each weight.*'twin'"):
        WeightGroups("sgd", groups).build(weights[:1])


def test_weights_without_a_group_are_refused():
    groups = [group(path) for path in PATHS[:2]]
    unknown = "'net/second/kernel', 'net/second/bias'"
    with pytest.raises(ValueError, match=rf"`groups`.*for {unknown}\..*\(WeightGroups\)"):
        trained(WeightGroups("sgd", groups))


@pytest.mark.parametrize(
    ("groups", "error"),
    [
        (None, TypeError),
        ([], ValueError),
        ({"path": "kernel"}, TypeError),
        (["kernel"], TypeError),
        ([{"path": "kernel", "weight_decay": 0.1}], TypeError),
        ([{**group(), "rate": 1.0}], TypeError),
        ([group(path=3)], TypeError),
        ([group(weight_decay=-0.1)], ValueError),
        ([group(weight_decay="a")], TypeError),
        ([group(learning_rate_factor=-1.0)], ValueError),
        ([group(learning_rate_factor=float("nan"))], ValueError),
    ],
)
def test_wrong_groups(groups, error):
    with pytest.raises(error, match=r"Invalid value.*\(WeightGroups\)\.$"):
        WeightGroups("sgd", groups)


@pytest.mark.parametrize(
    ("base", "error"),
    [
        (None, TypeError),
        ("adm", ValueError),
        (Lookahead("sgd"), ValueError),
        (keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD()), ValueError),
    ],
    ids=["none", "misspelt", "wrapper", "scaling"],
)
def test_wrong_optimizers(base, error):
    with pytest.raises(error, match=r"`base`.*\(WeightGroups\)"):
        WeightGroups(base, [group()])


@pytest.mark.skipif(not ON_TORCH, reason="it takes factors elsewhere")
def test_nadam_has_one_rate_on_torch():
    WeightGroups("nadam", [group(weight_decay=0.1)])
    with pytest.raises(ValueError, match=r"`base`.*Nadam"):
        WeightGroups("nadam", [group(learning_rate_factor=0.5)])
