import keras
import numpy as np
import pytest
from keras import ops

from kerasreg.layers import TLU

RNG = np.random.default_rng(0)


def numpy(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))


@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("shape", [(4, 3), (2, 4, 5, 3), (1, 1, 1, 3)])
def test_formula(shape, first, affine):
    x = RNG.normal(size=shape).astype("float32")
    layer = TLU(affine, axis=1 if first else -1)
    given = np.moveaxis(x, -1, 1) if first else x
    layer.build(given.shape)
    tau, alpha = RNG.normal(size=(2, 3)).astype("float32")
    layer.tau.assign(tau)
    if affine:
        layer.alpha.assign(alpha)
    y = numpy(layer(given))
    expected = np.maximum(x, alpha * x + tau if affine else tau)
    np.testing.assert_allclose(np.moveaxis(y, 1, -1) if first else y, expected, rtol=1e-6)


def test_starts_as_a_relu_with_one_threshold_for_each_channel():
    x = RNG.normal(size=(2, 4, 5, 3)).astype("float32")
    layer = TLU(affine=True)
    np.testing.assert_array_equal(numpy(layer(x)), np.maximum(x, 0))
    assert [tuple(weight.shape) for weight in layer.weights] == [(3,), (3,)]


def test_maps_of_any_size():
    inputs = keras.Input((None, None, 2))
    model = keras.Model(inputs, TLU()(inputs))
    for shape in ((1, 3, 4, 2), (2, 5, 2, 2)):
        assert model(np.ones(shape)).shape == shape


def test_half_precision_stays():
    y = TLU(dtype="mixed_float16")(np.array([[-2.0, 60000.0]]))
    assert keras.backend.standardize_dtype(y.dtype) == "float16"
    np.testing.assert_array_equal(numpy(y), [[0.0, 60000.0]])


def test_bad_shapes_are_refused():
    with pytest.raises(ValueError, match=r"`input_shape`.*\(TLU\)"):
        TLU().build((3,))
    with pytest.raises(ValueError, match=r"`axis`.*other than the first"):
        TLU(axis=-2).build((2, 3))
    with pytest.raises(ValueError, match=r"`axis`.*whose size is known"):
        TLU().build((2, 3, None))
