import math

import keras
import numpy as np
import pytest
from keras import layers, ops

import kerasreg
from kerasreg.layers.dropout.concrete_dropout import concrete_mask, concrete_penalty
from tests._random.reference import words

ConcreteDropout = kerasreg.layers.ConcreteDropout
RNG = np.random.default_rng(0)


def numpy(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))


def tensor(value):
    return ops.convert_to_tensor(value, dtype="float32")


def masked(x, drawn, rate, temperature=0.1):
    """The formula of the paper in float64, with uniform numbers from words."""
    u = ((drawn >> np.uint32(9)).astype("float64") + 0.5) / 2**23
    odds = math.log(rate / (1 - rate)) + np.log(u / (1 - u))
    return x * (1 - 1 / (1 + np.exp(-odds / temperature))) / (1 - rate)


def identity():
    return layers.Dense(5, kernel_initializer="identity", use_bias=False)


def test_the_mask_for_uniform_numbers_at_hand():
    x, u = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.2, 0.65, 0.72, 0.95])
    mask = concrete_mask(tensor(math.log(0.3 / 0.7)), tensor(np.log(u / (1 - u))), 0.1)
    expected = [1.428571, 2.592642, 1.176661, 4.458552e-09]
    np.testing.assert_allclose(x * numpy(mask), expected, rtol=1e-5)


def test_the_penalty_at_hand():
    kernel = tensor([[1.0, 2.0], [-1.0, 0.5]])
    penalty = concrete_penalty(tensor(math.log(0.3 / 0.7)), [kernel], 2, 0.01, 0.1)
    np.testing.assert_allclose(numpy(penalty), -0.03288715, rtol=1e-5)


@pytest.mark.parametrize("rate", [1e-6, 0.5, 1 - 1e-6])
def test_the_penalty_is_finite_at_extreme_rates(rate):
    penalty = concrete_penalty(tensor(math.log(rate / (1 - rate))), [tensor([[1.0]])], 2, 0.0, 1.0)
    expected = 2 * (rate * math.log(rate) + (1 - rate) * math.log1p(-rate))
    np.testing.assert_allclose(numpy(penalty), expected, rtol=1e-4)


@pytest.mark.parametrize("shape", [(7, 5), (40, 60, 5)], ids=str)
def test_inputs_of_a_dense_layer_are_dropped_one_by_one(shape):
    layer = ConcreteDropout(identity(), seed=9, initial_rate=0.3, temperature=0.2)
    x = RNG.normal(size=shape).astype("float32")
    for step in range(2):
        expected = masked(x, words(9, step, shape), 0.3, 0.2)
        found = numpy(layer(x, training=True))
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(numpy(layer(x)), x)


def pointwise_identity(shape, dtype=None):
    return ops.reshape(ops.eye(3, dtype=dtype), shape)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(
    "make",
    [
        lambda **kwargs: layers.Conv2D(3, 1, kernel_initializer=pointwise_identity, **kwargs),
        lambda **kwargs: layers.DepthwiseConv2D(1, depthwise_initializer="ones", **kwargs),
    ],
)
def test_channels_of_a_convolution_are_dropped_as_a_whole(make, data_format):
    first = data_format == "channels_first"
    layer = ConcreteDropout(make(data_format=data_format), 0.0, 1.0, seed=9, initial_rate=0.3)
    x = RNG.normal(size=(4, 3, 6, 5) if first else (4, 6, 5, 3)).astype("float32")
    expected = masked(x, words(9, 0, (4, 3, 1, 1) if first else (4, 1, 1, 3)), 0.3)
    np.testing.assert_allclose(numpy(layer(x, training=True)), expected, rtol=1e-4, atol=1e-5)
    negative_entropy = 0.3 * math.log(0.3) + 0.7 * math.log(0.7)
    assert float(layer.losses[0]) == pytest.approx(3 * negative_entropy, rel=1e-5)


@pytest.mark.parametrize("training", [False, True])
def test_the_penalty_is_added_to_the_loss(training):
    layer = ConcreteDropout(layers.Dense(3), 0.01, 0.1, initial_rate=0.3)
    layer(np.ones((2, 5), "float32"), training=training)
    squares = np.sum(np.square(layer.layer.get_weights()[0]))
    entropy = -0.3 * math.log(0.3) - 0.7 * math.log(0.7)
    expected = 0.01 * squares / 0.7 - 0.1 * 5 * entropy
    np.testing.assert_allclose([float(loss) for loss in layer.losses], [expected], rtol=1e-5)


def test_the_penalty_is_added_once_however_often_the_layer_is_called(tmp_path):
    layer = ConcreteDropout(layers.Dense(5), 0.01, 0.1, initial_rate=0.3)
    inputs = keras.Input((5,))
    model = keras.Model(inputs, layer(layer(inputs)))
    x = RNG.normal(size=(4, 5)).astype("float32")
    for _ in range(3):
        layer(x)
    squares = np.sum(np.square(np.float64(layer.layer.get_weights()[0])))
    penalty = 0.01 * squares / 0.7 + 0.1 * 5 * (0.3 * math.log(0.3) + 0.7 * math.log(0.7))
    np.testing.assert_allclose([float(loss) for loss in layer.losses], [penalty], rtol=1e-5)
    model.compile("sgd", "mse")
    y = model.predict(x, verbose=0)
    found = model.evaluate(x, np.zeros((4, 5)), verbose=0)
    assert found == pytest.approx(np.mean(np.square(y)) + penalty, rel=1e-5)
    model.save(tmp_path / "model.keras")
    for copy in (
        keras.saving.load_model(tmp_path / "model.keras"),
        keras.models.clone_model(model),
    ):
        copy.set_weights(model.get_weights())
        np.testing.assert_allclose([float(loss) for loss in copy.losses], [penalty], rtol=1e-5)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_the_kernel_is_trained_by_the_penalty_in_single_precision(policy):
    # The smallest positive number of half precision is 6e-8; the gradient is 2e-9.
    dense = layers.Dense(2, kernel_initializer="ones", use_bias=False, dtype=policy)
    layer = ConcreteDropout(dense, 5e-10, 0.0, initial_rate=0.5)
    model = keras.Sequential([keras.Input((4,), dtype=dense.compute_dtype), layer])
    optimizer = keras.optimizers.SGD(1e6)
    model.compile(optimizer, "mse", auto_scale_loss=False)
    model.fit(np.zeros((1, 4)), np.zeros((1, 2)), verbose=0)
    np.testing.assert_allclose(dense.get_weights()[0], 1 - 2e-3, rtol=1e-5)


def test_the_penalty_of_half_precision_weights_does_not_overflow():
    dense = layers.Dense(100, kernel_initializer=keras.initializers.Constant(16), dtype="float16")
    layer = ConcreteDropout(dense, 1e-6, 0.0, initial_rate=0.5)
    layer(np.ones((2, 100), "float16"))
    assert float(layer.losses[0]) == pytest.approx(1e-6 * 256 * 100 * 100 / 0.5, rel=1e-5)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_the_rate_is_learned(jit_compile):
    if jit_compile and keras.backend.backend() == "torch":
        pytest.skip("torch compiles for longer than a test may take")
    rates = {}
    for factor, target in [(1.0, 0.0), (0.0, 1.0)]:
        layer = ConcreteDropout(identity(), 0.0, factor, seed=3, initial_rate=0.3)
        model = keras.Sequential([keras.Input((5,)), layer])
        layer.layer.trainable = False
        model.compile(keras.optimizers.Adam(0.1), "mse", jit_compile=jit_compile)
        x = np.ones((64, 5), "float32")
        model.fit(x, x * target, batch_size=16, epochs=5, verbose=0)
        rates[factor] = layer.rate
    # Entropy pulls towards 1/2; inputs that all count push towards 0.
    assert 0.35 < rates[1.0] < 0.6
    assert rates[0.0] < 0.15


def test_the_gradient_of_the_rate_is_that_of_the_formula():
    x = RNG.normal(size=(6, 5)).astype("float32")
    layer = ConcreteDropout(identity(), 0.0, 0.0, seed=9, initial_rate=0.3, temperature=0.5)
    model = keras.Sequential([keras.Input((5,)), layer])
    layer.layer.trainable = False
    model.compile(keras.optimizers.SGD(1.0), "mse")
    before = float(numpy(layer.rate_logit))
    model.fit(x, np.zeros((6, 5)), batch_size=6, shuffle=False, verbose=0)
    found = before - float(numpy(layer.rate_logit))

    def loss(logit):
        rate = 1 / (1 + math.exp(-logit))
        return np.mean(masked(x, words(9, 0, (6, 5)), rate, 0.5) ** 2)

    expected = (loss(before + 1e-4) - loss(before - 1e-4)) / 2e-4
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_the_mean_is_kept_as_the_temperature_falls():
    n, rate = 200 * 500, 0.3
    layer = ConcreteDropout(
        layers.Dense(500, kernel_initializer="identity", use_bias=False),
        seed=1,
        initial_rate=rate,
        temperature=1e-4,
    )
    y = numpy(layer(np.ones((200, 500), "float32"), training=True))
    spread = math.sqrt(rate / (1 - rate) / n)
    assert abs(y.mean() - 1) < 5 * spread


@pytest.mark.parametrize("seed", [4, keras.random.SeedGenerator(4)], ids=["int", "generator"])
def test_the_seed_decides_the_initial_rate_within_its_range(seed):
    drawn = []
    for _ in range(2):
        layer = ConcreteDropout(layers.Dense(3), seed=seed, initial_rate=(0.2, 0.4))
        layer.build((None, 2))
        drawn.append(layer.rate)
    assert 0.2 < drawn[0] < 0.4
    assert drawn[0] == drawn[1]


def test_the_initial_rate_is_within_its_range_and_read_before_building_refused():
    layer = ConcreteDropout(layers.Dense(3), initial_rate=(0.2, 0.4), seed=3)
    with pytest.raises(RuntimeError, match=r"not built. Call the layer"):
        _ = layer.rate
    rates = []
    for seed in range(5):
        layer = ConcreteDropout(layers.Dense(3), initial_rate=(0.2, 0.4), seed=seed)
        layer.build((None, 2))
        rates.append(layer.rate)
    assert 0.2 <= min(rates) < max(rates) <= 0.4


@pytest.mark.parametrize("kind", [int, np.int64, np.int32, np.uint8])
def test_the_initial_rate_is_that_of_the_seed(kind):
    rates = set()
    for seed in (3, kind(3), kind(3)):
        layer = ConcreteDropout(layers.Dense(3), initial_rate=(0.2, 0.4), seed=seed)
        layer.build((None, 2))
        rates.add(layer.rate)
    assert len(rates) == 1


def test_the_learned_rate_is_saved(tmp_path):
    layer = ConcreteDropout(layers.Dense(3))
    model = keras.Sequential([keras.Input((2,)), layer])
    layer.rate_logit.assign(1.0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].rate == pytest.approx(1 / (1 + math.exp(-1)))
    assert len(model.trainable_weights) == 3


@pytest.mark.parametrize("make", [layers.LSTM, layers.GRU])
def test_recurrent_layers_get_their_masks_and_states(make):
    inner = make(3)
    layer = ConcreteDropout(inner)
    embedded = layers.Embedding(5, 4, mask_zero=True)(np.array([[1, 2, 0, 0], [3, 1, 2, 4]]))
    np.testing.assert_array_equal(numpy(layer(embedded)), numpy(inner(embedded)))
    assert np.isfinite(numpy(layer(embedded, training=True))).all()
    bidirectional = ConcreteDropout(layers.Bidirectional(make(3)))
    assert bidirectional(embedded, training=True).shape == (2, 6)


def test_a_layer_without_kernel_is_refused():
    with pytest.raises(ValueError, match=r"`layer`. Expected a layer that has a kernel"):
        ConcreteDropout(layers.Activation("relu")).build((2, 3))


def test_unknown_inputs_are_refused():
    layer = ConcreteDropout(layers.Dense(3))
    layer.layer.build((None, 4))
    with pytest.raises(ValueError, match=r"`input_shape`. Expected a known number of inputs"):
        layer.build((2, None))
