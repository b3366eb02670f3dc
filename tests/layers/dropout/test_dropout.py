import keras
import numpy as np
import pytest
from keras import ops

import kerasreg
from kerasreg import _backend, schedules
from tests._random.reference import words

SHAPES = [
    (5,),
    (3, 4),
    (32, 257),
    (128, 64),
    (100, 99),
    (7, 5, 3),
    (16, 33, 17),
    (64, 1, 129),
    (2, 3, 4, 5),
    (4, 9, 16, 16),
    (1, 8192),
    (8193, 1),
    (2, 3, 4, 5, 6),
]


def expected_mask(seed, step, shape, rate, replica=0):
    return words(seed, step, shape, replica=replica) >= round(rate * 2**32)


def mask_of(layer, shape, dtype="float32"):
    return ops.convert_to_numpy(layer(ops.ones(shape, dtype), training=True)) != 0


@pytest.fixture(params=["as decided", "kernels", "plain"])
def mode(request, monkeypatch):
    if request.param == "kernels":
        monkeypatch.setattr(_backend.backend, "SMALLEST_KERNEL", 0, raising=False)
    _backend.use_fused(request.param != "plain")
    yield request.param
    _backend.use_fused(True)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_mask_is_that_of_numpy(shape, mode):
    layer = kerasreg.layers.Dropout(0.3, seed=11)
    for step in range(2):
        np.testing.assert_array_equal(mask_of(layer, shape), expected_mask(11, step, shape, 0.3))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_the_mask_does_not_depend_on_the_precision(dtype, mode):
    layer = kerasreg.layers.Dropout(0.3, seed=11, dtype=dtype)
    found = mask_of(layer, (100, 99), dtype)
    np.testing.assert_array_equal(found, expected_mask(11, 0, (100, 99), 0.3))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("rate", [1e-4, 1e-3, 0.01, 0.1, 0.5, 0.9, 0.999])
def test_the_share_dropped_and_the_mean_are_exact_in_every_precision(rate, dtype):
    # n = 2**20: five standard deviations of the binomial share. The mean of the output is the share
    # kept times the scale, rounded to the precision of the dtype.
    n = 2**20
    layer = kerasreg.layers.Dropout(rate, seed=5, dtype=dtype)
    y = layer(ops.ones((1024, 1024), dtype), training=True)
    y = ops.convert_to_numpy(ops.cast(y, "float32")).astype("float64")
    spread = (rate * (1 - rate) / n) ** 0.5
    assert abs((y == 0).mean() - rate) < 5 * spread
    half_step = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24}[dtype]
    assert abs(y.mean() - 1) < 5 * spread / (1 - rate) + half_step


def test_kept_values_are_scaled_and_dropped_ones_are_zero(mode):
    x = np.random.default_rng(0).normal(size=(90, 100)).astype("float32")
    y = ops.convert_to_numpy(kerasreg.layers.Dropout(0.2, seed=4)(x, training=True))
    expected = np.where(expected_mask(4, 0, x.shape, 0.2), x / 0.8, 0.0)
    np.testing.assert_allclose(y, expected, rtol=1e-6)


def test_inference_scaling_leaves_kept_values_and_scales_at_inference():
    x = ops.full((4, 50), 3.0)
    layer = kerasreg.layers.Dropout(0.25, seed=4, scaling="inference")
    trained = ops.convert_to_numpy(layer(x, training=True))
    np.testing.assert_array_equal(trained, 3.0 * expected_mask(4, 0, (4, 50), 0.25))
    np.testing.assert_array_equal(ops.convert_to_numpy(layer(x, training=False)), 2.25)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_dropped_nan_and_infinity_become_zero_and_kept_ones_stay(bad, dtype, mode):
    layer = kerasreg.layers.Dropout(0.5, seed=2, dtype=dtype)
    x = ops.cast(ops.full((100, 100), bad), dtype)
    y = ops.convert_to_numpy(ops.cast(layer(x, training=True), "float32"))
    keep = expected_mask(2, 0, (100, 100), 0.5)
    assert (y[~keep] == 0).all()
    np.testing.assert_array_equal(y[keep], np.float32(bad))


def test_rate_one_gives_zeros_and_rate_zero_the_input(mode):
    x = ops.full((100, 100), np.nan)
    assert not ops.convert_to_numpy(kerasreg.layers.Dropout(1.0)(x, training=True)).any()
    assert kerasreg.layers.Dropout(0.0)(x, training=True) is x


@pytest.mark.parametrize("noise_shape", [(None, 1, None), (16, 1, 17), (1, None, 1), (33, 1)])
def test_noise_shape_broadcasts_one_mask(noise_shape, mode):
    layer = kerasreg.layers.Dropout(0.4, noise_shape=noise_shape, seed=8)
    shape = (16, 33, 17)
    own = shape[3 - len(noise_shape) :]
    drawn = tuple(n or size for n, size in zip(noise_shape, own, strict=True))
    expected = np.broadcast_to(expected_mask(8, 0, drawn, 0.4), shape)
    np.testing.assert_array_equal(mask_of(layer, shape), expected)


@pytest.mark.parametrize("cls", [kerasreg.layers.Dropout, kerasreg.layers.AlphaDropout])
@pytest.mark.parametrize("noise_shape", [(5, 4), (1, 1, 4), (3,), (None, 3)])
def test_a_noise_shape_that_does_not_broadcast_to_the_input_is_refused(cls, noise_shape):
    expected = r"a shape that broadcasts to that of the inputs, \(1, 4\)\. Received: noise_shape="
    with pytest.raises(ValueError, match=expected):
        cls(0.5, noise_shape=noise_shape)(ops.ones((1, 4)), training=True)


@pytest.mark.parametrize("cls", [kerasreg.layers.Dropout, kerasreg.layers.AlphaDropout])
def test_a_noise_shape_meets_the_sizes_that_are_known(cls):
    symbolic = keras.Input((None, 4))
    with pytest.raises(ValueError, match=rf"\(None, None, 4\).*{cls.__name__}"):
        cls(0.5, noise_shape=(2, 3, 5))(symbolic)
    layer = cls(0.5, noise_shape=(2, 3, 4))
    assert layer(symbolic).shape == (None, None, 4)
    assert layer(ops.ones((7, 3, 4)), training=False).shape == (7, 3, 4)
    with pytest.raises(ValueError, match=r"\(7, 3, 4\)"):
        layer(ops.ones((7, 3, 4)), training=True)


def test_a_scheduled_rate_follows_the_layers_own_training_calls(mode):
    rate = schedules.Linear(0.0, 1.0, steps=4)
    layer = kerasreg.layers.Dropout(rate, seed=3)
    x = ops.ones((100, 100))
    for step in range(6):
        layer(x, training=False)
        kept = mask_of(layer, (100, 100))
        np.testing.assert_array_equal(kept, expected_mask(3, step, (100, 100), min(step / 4, 1)))


def test_a_scheduled_layer_round_trips():
    layer = kerasreg.layers.Dropout(schedules.Linear(0.0, 0.5, steps=4), seed=3)
    again = kerasreg.layers.Dropout.from_config(layer.get_config())
    assert again.rate == layer.rate


def test_rate_can_be_set_on_a_layer_made_with_rate_zero():
    layer = kerasreg.layers.Dropout(0.0, seed=1)
    layer.rate = 0.5
    np.testing.assert_array_equal(mask_of(layer, (30, 30)), expected_mask(1, 0, (30, 30), 0.5))


def test_a_rate_set_after_fit_holds_in_eager_calls_and_once_compiled_anew():
    layer = kerasreg.layers.Dropout(0.0, seed=1)
    head = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    model = keras.Sequential([keras.Input((4,)), layer, head])
    x = np.ones((6, 4), "float32")

    def loss(compile_first=True):
        if compile_first:
            model.compile(keras.optimizers.SGD(0.0), "mse")
        return model.fit(x, np.zeros(6), verbose=0).history["loss"][0]

    assert loss() == 16
    layer.rate = 1.0
    assert not ops.convert_to_numpy(layer(x, training=True)).any()
    assert loss() == 0


def test_only_training_calls_advance_the_step():
    layer = kerasreg.layers.Dropout(0.5, seed=1)
    layer(ops.ones((3, 3)), training=False)
    np.testing.assert_array_equal(mask_of(layer, (30, 30)), expected_mask(1, 0, (30, 30), 0.5))


def test_layers_that_share_a_generator_draw_different_masks():
    generator = keras.random.SeedGenerator(6)
    first, second = (kerasreg.layers.Dropout(0.5, seed=generator) for _ in range(2))
    np.testing.assert_array_equal(mask_of(first, (9, 9)), expected_mask(6, 0, (9, 9), 0.5))
    np.testing.assert_array_equal(mask_of(second, (9, 9)), expected_mask(6, 1, (9, 9), 0.5))


@pytest.mark.parametrize("seed", [2**31, 2**32 + 1, 2**70, -1])
def test_any_integer_is_a_seed(seed):
    masks = [mask_of(kerasreg.layers.Dropout(0.5, seed=seed), (9, 9)) for _ in range(2)]
    np.testing.assert_array_equal(*masks)
    assert kerasreg.layers.Dropout(0.5, seed=seed).get_config()["seed"] == seed


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"rate": 1.5}, ValueError, "`rate`. Expected a float value between 0 and 1"),
        ({"rate": "0.5"}, TypeError, "`rate`"),
        ({"rate": 0.5, "seed": "1"}, TypeError, "`seed`"),
        ({"rate": 0.5, "seed": True}, TypeError, "`seed`"),
        ({"rate": 0.5, "scaling": "test"}, ValueError, "`scaling`"),
        ({"rate": 0.5, "noise_shape": (True, 1)}, ValueError, "`noise_shape`"),
    ],
)
def test_wrong_arguments_are_refused(arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        kerasreg.layers.Dropout(**arguments)


@pytest.fixture
def model():
    return keras.Sequential(
        [
            keras.Input((4,)),
            kerasreg.layers.Dropout(0.5, seed=1),
            kerasreg.layers.Dropout(0.5),
        ]
    )


@pytest.mark.parametrize("name", ["model.keras", "model.weights.h5"])
def test_the_next_mask_after_saving_and_loading_is_the_next_mask_without(model, name, tmp_path):
    x = ops.ones((8, 4))
    model(x, training=True)
    path = tmp_path / name
    if name == "model.keras":
        model.save(path)
        loaded = keras.saving.load_model(path)
    else:
        model.save_weights(path)
        loaded = keras.models.clone_model(model)
        loaded.load_weights(path)
    assert loaded.weights == []
    for _ in range(2):
        np.testing.assert_array_equal(
            ops.convert_to_numpy(model(x, training=True)),
            ops.convert_to_numpy(loaded(x, training=True)),
        )


def test_a_shared_generator_is_shared_after_loading(tmp_path):
    generator = keras.random.SeedGenerator(6)
    model = keras.Sequential(
        [keras.Input((4,))] + [kerasreg.layers.Dropout(0.5, seed=generator) for _ in range(2)]
    )
    model(ops.ones((2, 4)), training=True)
    model.save(tmp_path / "model.keras")
    first, second = keras.saving.load_model(tmp_path / "model.keras").layers
    assert first.seed_generator is second.seed_generator
    assert ops.convert_to_numpy(first.seed_generator.state.value).tolist() == [6, 2]


@pytest.mark.parametrize("direction", ["ours to theirs", "theirs to ours"])
def test_weight_files_are_exchanged_with_keras(direction, tmp_path):
    def make(family):
        return keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(3), family.Dropout(0.5, name="dropout")]
        )

    pair = [make(kerasreg.layers), make(keras.layers)]
    source, target = pair if direction == "ours to theirs" else reversed(pair)
    source.save_weights(tmp_path / "a.weights.h5")
    target.load_weights(tmp_path / "a.weights.h5")
    np.testing.assert_array_equal(source.get_weights()[0], target.get_weights()[0])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_inference_scaling_in_half_precision_rounds_the_product_only(dtype):
    x = ops.cast(np.arange(1.0, 200.0), dtype)
    layer = kerasreg.layers.Dropout(0.2, scaling="inference", dtype=dtype)
    product = ops.cast(ops.cast(x, "float32") * np.float32(0.8), dtype)
    assert bool(ops.all(layer(x) == product))
