import keras
import numpy as np
import pytest
from keras import ops

from kerasreg import _backend, _random, schedules
from kerasreg.layers import L0Dense
from kerasreg.layers.sparse._hard_concrete import fixed_gates, open_probability, random_gates
from kerasreg.models import penalty_report

LOGITS = np.array([-9.0, -1.5, 0.0, 0.7, 3.0, 9.0])
STRETCH = (-0.1, 1.1)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def built(units=2, inputs=6, logits=LOGITS, **arguments):
    layer = L0Dense(units, **{"seed": 0, **arguments})
    layer.build((None, inputs))
    layer.gate_logits.assign(logits)
    if layer.use_bias:
        layer.bias.assign(np.linspace(0.5, 1.0, units))
    return layer


def numpy(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))


@pytest.mark.parametrize("stretch", [STRETCH, (-0.3, 1.5)], ids=str)
@pytest.mark.parametrize("temperature", [2 / 3, 0.2])
def test_the_formulas_of_the_paper(temperature, stretch):
    u = np.linspace(0.02, 0.98, 25)[:, None]
    low, high = stretch
    s = sigmoid((np.log(u) - np.log(1 - u) + LOGITS) / temperature)
    z = np.minimum(1, np.maximum(0, s * (high - low) + low))
    logits = ops.convert_to_tensor(LOGITS.astype("float32"))
    noise = ops.convert_to_tensor((np.log(u) - np.log1p(-u)).astype("float32"))
    found = random_gates(logits, noise, temperature, stretch)
    np.testing.assert_allclose(numpy(found), z, atol=2e-6)
    test = np.minimum(1, np.maximum(0, sigmoid(LOGITS) * (high - low) + low))
    np.testing.assert_allclose(numpy(fixed_gates(logits, stretch)), test, atol=1e-6)
    assert (test == 0).any()
    assert (test == 1).any()
    expected = sigmoid(LOGITS - temperature * np.log(-low / high))
    found = open_probability(logits, temperature, stretch)
    np.testing.assert_allclose(numpy(found), expected, rtol=1e-5)


def test_gates_are_open_as_often_as_the_penalty_says():
    n = 100_000
    key = _backend.philox(ops.convert_to_tensor(keras.random.SeedGenerator(5).state))
    noise = _random.logistic(_random.words(key, (n,)))
    for logit in (-1.5, 0.0, 2.0):
        z = numpy(random_gates(ops.convert_to_tensor(logit, "float32"), noise, 2 / 3, STRETCH))
        p = sigmoid(logit - 2 / 3 * np.log(0.1 / 1.1))
        assert abs(np.mean(z > 0) - p) < 5 * np.sqrt(p * (1 - p) / n)


def test_inference_multiplies_the_inputs_by_fixed_gates():
    layer, x = built(), np.random.default_rng(0).normal(size=(4, 3, 6)).astype("float32")
    kernel, bias = numpy(layer.kernel), numpy(layer.bias)
    z = np.clip(sigmoid(LOGITS) * 1.2 - 0.1, 0, 1)
    np.testing.assert_allclose(numpy(layer(x)), (x * z) @ kernel + bias, atol=1e-5)
    np.testing.assert_allclose(layer.gates, z, atol=1e-6)


def test_one_draw_serves_the_batch():
    layer = built(logits=np.zeros(6))
    y = numpy(layer(np.ones((5, 6), "float32"), training=True))
    np.testing.assert_array_equal(y, np.broadcast_to(y[:1], y.shape))


def test_the_penalty_counts_the_weights_behind_each_gate_once():
    layer = built(units=5, strength=0.25)
    x = np.ones((2, 6), "float32")
    layer(x), layer(x, training=True)
    expected = 0.25 * 5 * np.sum(sigmoid(LOGITS - 2 / 3 * np.log(0.1 / 1.1)))
    assert float(sum(layer.losses)) == pytest.approx(expected, rel=1e-6)
    model = keras.Sequential([keras.Input((6,)), layer])
    report = penalty_report(model, show=False)
    assert [row.path.split("/")[-1] for row in report.rows] == ["gate_logits"]
    assert report.total == pytest.approx(expected, rel=1e-6)
    layer.trainable = False
    assert layer.losses == []


def test_strength_by_schedule():
    schedule = schedules.Piecewise([1, 2], [1.0, 2.0, 4.0])
    layer = built(units=5, strength=schedule)
    model = keras.Sequential([keras.Input((6,)), layer])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    x, y = np.zeros((2, 6)), np.tile(np.linspace(0.5, 1.0, 5), (2, 1))
    history = model.fit(x, y, epochs=3, verbose=0).history["loss"]
    one = 5 * np.sum(sigmoid(LOGITS - 2 / 3 * np.log(0.1 / 1.1)))
    np.testing.assert_allclose(history, [one, 2 * one, 4 * one], rtol=1e-5)


def test_gates_and_penalty_stay_precise_in_mixed_precision():
    layer = built(units=3, strength=1.0, dtype="mixed_float16", logits=LOGITS / 7)
    x = np.ones((2, 6), "float32")
    assert keras.backend.standardize_dtype(layer(x, training=True).dtype) == "float16"
    assert layer.gate_logits.dtype == "float32"
    expected = 3 * np.sum(sigmoid(LOGITS / 7 - 2 / 3 * np.log(0.1 / 1.1)))
    assert float(sum(layer.losses)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    "arguments",
    [{"activation": "tanh"}, {"use_bias": False}, {"dtype": "mixed_bfloat16"}, {"lora_rank": 1}],
    ids=str,
)
def test_the_pruned_layer_computes_the_same(arguments):
    layer = built(**arguments)
    x = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")
    plain, kept = layer.pruned()
    assert type(plain) is keras.layers.Dense
    assert kept.tolist() == [1, 2, 3, 4, 5]
    found, half = plain(x[:, kept]), "bfloat16" in str(arguments)
    assert found.dtype == layer(x).dtype
    np.testing.assert_allclose(numpy(found), numpy(layer(x)), atol=5e-2 if half else 1e-5)
    assert plain.name == layer.name


def test_what_cannot_be_pruned():
    with pytest.raises(RuntimeError, match=r"not built.*\(L0Dense\)"):
        L0Dense(2).pruned()
    with pytest.raises(RuntimeError, match=r"All gates are closed.*\(L0Dense\)"):
        built(logits=np.full(6, -9.0)).pruned()
    with pytest.raises(RuntimeError, match="not built"):
        _ = L0Dense(2).gates


def test_gates_are_saved(tmp_path):
    model = keras.Sequential([keras.Input((6,)), built()])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras").layers[0]
    np.testing.assert_array_equal(numpy(loaded.gate_logits), LOGITS.astype("float32"))
    model.save_weights(tmp_path / "model.weights.h5")
    other = keras.Sequential([keras.Input((6,)), built(logits=np.zeros(6))])
    other.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(numpy(other.layers[0].gate_logits), LOGITS.astype("float32"))


def test_inputs_that_say_nothing_are_closed():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40_000, 6)).astype("float32")
    y = x[:, :3] @ np.array([[2.0], [-2.0], [1.5]], "float32")
    layer = L0Dense(1, strength=0.2, seed=1)
    model = keras.Sequential([keras.Input((6,)), layer])
    model.compile(keras.optimizers.Adam(0.05), "mse")
    model.fit(x, y, batch_size=100, verbose=0)
    plain, kept = layer.pruned()
    assert kept.tolist() == [0, 1, 2]
    np.testing.assert_allclose(numpy(plain(x[:9, :3])), numpy(layer(x[:9])), atol=1e-5)
    assert np.mean((numpy(layer(x)) - y) ** 2) < 0.1
