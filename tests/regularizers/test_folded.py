import keras
import numpy as np
import pytest
from keras import ops

from kerasreg import regularizers
from kerasreg.callbacks import PenaltyMonitor
from kerasreg.regularizers import (
    L1,
    L1L2,
    L2,
    L2SP,
    ElasticNet,
    Folded,
    GroupLasso,
    SoftSharing,
    Sum,
)

RNG = np.random.default_rng(0)
# More weights than the smallest kernel of TensorFlow has; some of them 0.
KERNEL = RNG.normal(size=(128, 160))
KERNEL[:2] = 0
X, Y = RNG.normal(size=(4, 128)), RNG.normal(size=(4, 160))
ON_TORCH = keras.backend.backend() == "torch"

PENALTIES = {
    "l1": L1(0.1),
    "l2": L2(0.1),
    "l1_l2": L1L2(0.1, 0.2),
    "elastic_net": ElasticNet(0.1, 0.3),
    "keras_l2": keras.regularizers.L2(0.1),
    "keras_l1_l2": keras.regularizers.L1L2(0.1, 0.2),
    "group_lasso": GroupLasso(0.1),
    "sum": Sum(L1(0.1), L2(0.05), Sum(GroupLasso(0.1), L2(0.05))),
    "l2_sp": L2SP(0.1, KERNEL + 1),
    "orthogonal": regularizers.Orthogonal(0.001),
    "keras_orthogonal": keras.regularizers.OrthogonalRegularizer(100.0),
}
every_penalty = pytest.mark.parametrize("penalty", PENALTIES.values(), ids=PENALTIES)


def trained(penalty, *, optimizer=None, dtype=None, kernel=KERNEL, **compiled):
    """Returns the kernel after three steps, and the last loss."""
    dense = keras.layers.Dense(160, use_bias=False, kernel_regularizer=penalty, dtype=dtype)
    model = keras.Sequential([keras.Input((128,)), dense])
    model.set_weights([kernel])
    model.compile(optimizer or keras.optimizers.SGD(0.1, momentum=0.9), "mse", **compiled)
    losses = [float(model.train_on_batch(X, Y)) for _ in range(3)]
    return model.get_weights()[0].astype("float64"), losses[-1]


def assert_same_training(penalty, atol=1e-6, **arguments):
    """Holds for a penalty and the same one folded."""
    whole, _ = trained(penalty, **arguments)
    folded, loss = trained(Folded(penalty), **arguments)
    np.testing.assert_allclose(folded, whole, atol=atol)
    _, unpenalized = trained(None, **arguments)
    assert loss < 2 * unpenalized + 1
    assert np.abs(whole - trained(None, **arguments)[0]).max() > 100 * atol


@every_penalty
def test_training_is_that_with_the_penalty_itself(penalty):
    # Of a weight of 0, Keras' L1 has a gradient of 1 on JAX, and its orthogonality NaN.
    of_keras = type(penalty).__module__.startswith("keras.")
    kernel = KERNEL + 0.1 if of_keras else KERNEL
    assert_same_training(penalty, kernel=kernel, run_eagerly=ON_TORCH)


@pytest.mark.parametrize("name", ["l2", "elastic_net", "sum"])
@pytest.mark.parametrize("compiled", [{"run_eagerly": True}, {"jit_compile": True}], ids=str)
def test_in_eager_calls_and_compiled(name, compiled):
    if ON_TORCH and "jit_compile" in compiled and name != "sum":
        pytest.skip("PyTorch's compiler takes a quarter of a minute: one model is enough")
    assert_same_training(PENALTIES[name], **compiled)


def test_zeros_have_no_gradient_of_l1(gradient):
    kernel = np.array([[0.0, -3.0, 2.0]])
    np.testing.assert_array_equal(gradient(Folded(L1(0.5)), kernel), [[0.0, -0.5, 0.5]])


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_gradient_in_every_precision(dtype, gradient):
    if dtype == "float64" and keras.backend.backend() == "jax":
        pytest.skip("JAX has float64 switched off")
    kernel = np.array([[0.0, -3.0], [2.0, 0.5]])
    found = gradient(Folded(Sum(ElasticNet(0.5, 0.25), GroupLasso(1.0))), kernel, dtype)
    norms = np.sqrt(2) * kernel / np.linalg.norm(kernel, axis=0)
    expected = 0.125 * np.sign(kernel) + 2 * 0.375 * kernel + norms
    eps = {"float64": 1e-15, "float32": 1e-6, "float16": 2e-3, "bfloat16": 2e-2}[dtype]
    np.testing.assert_allclose(found, expected, atol=4 * eps)


def test_a_gradient_below_half_precision_survives_loss_scaling():
    # The gradient is 2 * l2 * w = 2e-9, which is 0 in float16.
    kernel = np.full((128, 160), 1e-3)
    dense = keras.layers.Dense(160, kernel_regularizer=Folded(L2(1e-6)), dtype="mixed_float16")
    model = keras.Sequential([keras.Input((128,)), dense])
    model.set_weights([kernel, np.zeros(160)])
    optimizer = keras.optimizers.SGD(1e4, loss_scale_factor=2.0**15)
    model.compile(optimizer, "mse", run_eagerly=True)
    model.train_on_batch(np.zeros((4, 128)), np.zeros((4, 160)))
    np.testing.assert_allclose(kernel - model.get_weights()[0], 2e-5, rtol=1e-3)


def _optimizers():
    return {
        "adam_clipped": keras.optimizers.Adam(0.01, global_clipnorm=0.5),
        "scaled": keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1)),
        "accumulating": keras.optimizers.SGD(0.1, gradient_accumulation_steps=3),
        "lion_averaged": keras.optimizers.Lion(0.01, use_ema=True),
    }


@pytest.mark.parametrize("name", list(_optimizers()))
def test_with_every_optimizer(name):
    whole, _ = trained(ElasticNet(0.1), optimizer=_optimizers()[name])
    folded, _ = trained(Folded(ElasticNet(0.1)), optimizer=_optimizers()[name])
    np.testing.assert_allclose(folded, whole, atol=2e-6)
    assert np.abs(whole - KERNEL).max() > 1e-3


def test_loss_is_that_of_the_data():
    _, folded = trained(Folded(L2(0.0)))
    _, plain = trained(None)
    assert folded == pytest.approx(plain, rel=1e-6)


def small(penalty, **arguments):
    start = keras.initializers.Constant(2.0)
    dense = keras.layers.Dense(
        2, "tanh", kernel_initializer=start, kernel_regularizer=penalty, name="dense", **arguments
    )
    model = keras.Sequential([keras.Input((3,)), dense])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


def test_a_folded_part_of_a_sum_counts_in_the_gradient_only(gradient):
    kernel = np.array([[1.0, -3.0]])
    penalty = Sum(L1(0.5), Folded(L2(0.25)), Folded(L1(0.125)))
    assert float(penalty(kernel)) == 2.0
    assert float(penalty.left_out(kernel)) == 0.25 * 10 + 0.125 * 4
    np.testing.assert_allclose(gradient(penalty, kernel), [[1.125, -2.125]], rtol=1e-6)


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_the_monitor_has_the_value_of_the_end_of_each_epoch(run_eagerly):
    model = small(Sum(L1(0.01), Folded(L2(0.1))), bias_regularizer=Folded(L2(0.5)))
    model.compile(keras.optimizers.SGD(0.1), "mse", run_eagerly=run_eagerly)
    seen = []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            kernel, bias = (weight.astype("float64") for weight in model.get_weights())
            seen.append((0.1 * np.sum(kernel**2), 0.5 * np.sum(bias**2), np.abs(kernel).sum()))

    x, y = np.ones((4, 3)), np.zeros((4, 2))
    callbacks = [PenaltyMonitor(terms=True), Look()]
    if keras.backend.backend() == "jax":
        callbacks.reverse()
    logs = model.fit(x, y, epochs=2, verbose=0, callbacks=callbacks, validation_data=(x, y)).history
    squares, biases, absolute = np.transpose(seen)
    np.testing.assert_allclose(logs["val_penalty"], squares + biases + 0.01 * absolute, rtol=1e-5)
    np.testing.assert_allclose(logs["penalty/dense/bias"], biases, rtol=1e-5)
    in_step = np.subtract(logs["loss"], logs["data_loss"])
    np.testing.assert_allclose(logs["penalty"], in_step + squares + biases, rtol=1e-5)
    np.testing.assert_allclose(logs["val_loss"], np.add(logs["val_data_loss"], 0.01 * absolute))


def test_saved_model_trains_the_same_way(tmp_path):
    model = small(Sum(L1(0.1), Folded(Sum(L2(0.1), GroupLasso(0.1)))))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].kernel_regularizer.get_config() == (
        model.layers[0].kernel_regularizer.get_config()
    )
    x, y = np.ones((4, 3)), np.zeros((4, 2))
    assert float(model.train_on_batch(x, y)) == float(loaded.train_on_batch(x, y))
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_as_activity_penalty():
    whole, folded = small(None, activity_regularizer=L2(0.5)), small(None)
    folded = small(None, activity_regularizer=Folded(L2(0.5)))
    for model in (whole, folded):
        model.train_on_batch(np.ones((4, 3)), np.ones((4, 2)))
    np.testing.assert_allclose(folded.get_weights()[0], whole.get_weights()[0], rtol=1e-6)


def test_a_subclass_of_a_norm_penalty_has_its_own_gradient(gradient):
    class Cubic(keras.regularizers.L2):
        def __call__(self, x):
            return self.l2 * ops.sum(ops.power(x, 3))

    kernel = np.array([[1.0, 2.0]])
    np.testing.assert_allclose(gradient(Folded(Cubic(1.0)), kernel), [[3.0, 12.0]], rtol=1e-6)


def test_soft_sharing_moves_its_own_layer():
    other = keras.layers.Dense(2)
    other.build((None, 3))
    own = Folded(SoftSharing(other, 0.5, gradient="own"))
    assert float(own(np.ones((3, 2)))) == 0
    assert float(own.left_out(np.ones((3, 2)))) > 0
