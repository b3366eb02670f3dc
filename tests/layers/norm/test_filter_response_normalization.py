import keras
import numpy as np
import pytest
from keras import ops

from kerasreg.layers import TLU, FilterResponseNormalization

RNG = np.random.default_rng(0)


def numpy(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))


def normalized(x, epsilon=1e-6, gamma=1.0, beta=0.0):
    """The paper's formula in float64, channels last."""
    x = x.astype("float64")
    axes = tuple(range(1, x.ndim - 1))
    mean_square = np.mean(x**2, axis=axes, keepdims=True) if axes else x**2
    return gamma * x / np.sqrt(mean_square + epsilon) + beta


@pytest.mark.parametrize("shape", [(3, 4), (2, 5, 3), (2, 4, 6, 3), (1, 2, 3, 4, 2), (1, 1, 1, 3)])
@pytest.mark.parametrize("first", [False, True])
def test_any_rank_against_float64(shape, first):
    x = RNG.normal(3.0, 2.0, size=shape).astype("float32")
    layer = FilterResponseNormalization(1e-3, axis=1 if first else -1)
    layer.build(np.moveaxis(x, -1, 1).shape if first else shape)
    gamma, beta = RNG.normal(size=(2, shape[-1])).astype("float32")
    layer.gamma.assign(gamma)
    layer.beta.assign(beta)
    y = numpy(layer(np.moveaxis(x, -1, 1) if first else x))
    expected = normalized(x, 1e-3, gamma, beta)
    np.testing.assert_allclose(
        np.moveaxis(y, 1, -1) if first else y, expected, rtol=1e-5, atol=1e-5
    )


def test_a_small_example():
    """The mean square of 3, 4, 0, 0 is 25/4."""
    y = numpy(FilterResponseNormalization()(np.array([[[3.0], [4.0], [0.0], [0.0]]])))
    np.testing.assert_allclose(y[0, :, 0], [1.2, 1.6, 0.0, 0.0], rtol=1e-5)


def test_learned_epsilon_is_added_by_its_absolute_value():
    x = RNG.normal(size=(2, 3)).astype("float32")
    layer = FilterResponseNormalization(learned_epsilon=True)
    np.testing.assert_allclose(numpy(layer(x)), normalized(x, 1e-6 + 1e-4), rtol=1e-5)
    layer.epsilon_weight.assign(-0.5)
    np.testing.assert_allclose(numpy(layer(x)), normalized(x, 1e-6 + 0.5), rtol=1e-5)
    assert len(layer.trainable_weights) == 3
    assert len(FilterResponseNormalization().weights) == 0


def test_examples_do_not_depend_on_each_other_nor_on_training():
    x = RNG.normal(size=(3, 4, 5, 2)).astype("float32")
    layer = FilterResponseNormalization()
    whole = numpy(layer(x, training=True))
    np.testing.assert_allclose(numpy(layer(x[1:2], training=False)), whole[1:2], rtol=1e-6)


@pytest.mark.parametrize("first", [False, True])
def test_masked_positions_do_not_count(first):
    x = RNG.normal(size=(3, 5, 2)).astype("float32")
    mask = np.array([[True, True, True, False, False], [True] * 5, [False] * 5])
    expected = normalized(x)
    expected[0] = x[0] / np.sqrt(np.mean(x[0, :3].astype("float64") ** 2, axis=0) + 1e-6)
    expected[2] = x[2] / np.sqrt(1 + 1e-6)
    if first:
        x, expected = np.swapaxes(x, 1, 2), np.swapaxes(expected, 1, 2)
    y = FilterResponseNormalization(axis=1 if first else -1)(x, mask=mask)
    np.testing.assert_allclose(numpy(y), expected, rtol=1e-5)


def test_squares_beyond_float16_do_not_overflow():
    x = np.full((1, 2, 3, 1), 60000.0, "float16")
    y = FilterResponseNormalization(dtype="mixed_float16")(x)
    assert keras.backend.standardize_dtype(y.dtype) == "float16"
    np.testing.assert_allclose(numpy(y), 1.0, rtol=1e-3)


def test_zeros_stay_zeros():
    np.testing.assert_array_equal(numpy(FilterResponseNormalization()(np.zeros((2, 3, 3, 1)))), 0)


def test_bad_shapes_are_refused():
    with pytest.raises(ValueError, match=r"`input_shape`.*rank 2 or more.*\(FilterResponse"):
        FilterResponseNormalization().build((3,))
    with pytest.raises(ValueError, match=r"`axis`.*other than the first.*axis=0"):
        FilterResponseNormalization(axis=0).build((2, 3))
    with pytest.raises(ValueError, match=r"`axis`.*axis=-3"):
        FilterResponseNormalization(axis=-3)(keras.KerasTensor((2, 3)))
    with pytest.raises(ValueError, match=r"`axis`.*whose size is known"):
        FilterResponseNormalization().build((2, 3, None))
    with pytest.raises(ValueError, match=r"`mask`"):
        FilterResponseNormalization()(np.ones((2, 3, 4)), mask=np.ones((2, 2), bool))


def test_with_the_threshold_it_centres_nothing_by_itself():
    """All of a positive map passes a ReLU, and a threshold above its values cuts it."""
    x = RNG.uniform(1.0, 2.0, size=(2, 3, 4, 2)).astype("float32")
    y = FilterResponseNormalization()(x)
    assert (numpy(y) > 0).all()
    threshold = TLU(tau_initializer=keras.initializers.Constant(9.0))
    np.testing.assert_array_equal(numpy(threshold(y)), 9.0)
