import keras
import numpy as np
import pytest
from keras import ops

from kerasreg.regularizers import L2, SoftSharing

ONE = np.array([[3.0, 0.0, 1.0], [4.0, 0.0, -2.0]])
OTHER = np.array([[1.0, 0.5, 1.0], [-1.0, 0.0, 2.0]])
DISTANCE = 4 + 0.25 + 25 + 16


def dense(name, kernel=None, **arguments):
    layer = keras.layers.Dense(3, use_bias=False, name=name, **arguments)
    if kernel is not None:
        layer.build((None, 2))
        layer.kernel.assign(kernel)
    return layer


def pair(names=("other", "one"), **arguments):
    """Returns a model of two layers side by side; the second is drawn to the first."""
    other = dense(names[0], OTHER)
    one = dense(names[1], ONE, kernel_regularizer=SoftSharing(other, 0.5, **arguments))
    inputs = keras.Input((2,))
    return keras.Model(inputs, [other(inputs), one(inputs)])


def two_towers():
    """Returns two models of the same kind in one; the penalties belong to the second."""
    towers = []
    for name in ("a", "b"):
        share = [SoftSharing(layer, 0.5) for layer in towers[0].layers] if towers else [None, None]
        towers.append(
            keras.Sequential(
                [
                    keras.Input((2,)),
                    keras.layers.Dense(3, name=f"{name}1", kernel_regularizer=share[0]),
                    keras.layers.Dense(1, name=f"{name}2", kernel_regularizer=share[1]),
                ],
                name=name,
            )
        )
    inputs = keras.Input((2,))
    return keras.Model(inputs, [tower(inputs) for tower in towers])


def numpy(tensor):
    return ops.convert_to_numpy(ops.convert_to_tensor(tensor))


def step(model, run_eagerly=True, **arguments):
    """Takes a step along the gradient of the penalty alone."""
    model.compile(keras.optimizers.SGD(1.0), "mse", run_eagerly=run_eagerly, **arguments)
    targets = [np.zeros((4, *out.shape[1:])) for out in model.outputs]
    model.fit(np.zeros((4, 2)), targets[0] if len(targets) == 1 else targets, verbose=0)


def kernel(model, name):
    return numpy(next(x for x in model._flatten_layers() if x.name == name).kernel)


def penalties(model):
    return [float(numpy(loss)) for loss in model.losses]


def test_value():
    assert penalties(pair()) == [pytest.approx(0.5 * DISTANCE)]


def test_value_of_a_variable():
    penalty = SoftSharing(keras.Variable(OTHER), 2.0)
    assert float(numpy(penalty(keras.Variable(ONE)))) == pytest.approx(2 * DISTANCE)


@pytest.mark.parametrize("arguments", [{"run_eagerly": True}, {"jit_compile": True}], ids=str)
def test_both_sides_move_towards_each_other(arguments):
    model = pair()
    step(model, **{"run_eagerly": False, **arguments})
    np.testing.assert_allclose(kernel(model, "one"), OTHER, atol=1e-6)
    np.testing.assert_allclose(kernel(model, "other"), ONE, atol=1e-6)


@pytest.mark.parametrize("arguments", [{"run_eagerly": True}, {"jit_compile": True}], ids=str)
def test_own_side_alone_moves(arguments):
    model = pair(gradient="own")
    step(model, **{"run_eagerly": False, **arguments})
    np.testing.assert_allclose(kernel(model, "one"), OTHER, atol=1e-6)
    np.testing.assert_array_equal(kernel(model, "other"), OTHER)


def test_frozen_reference_stays():
    model = pair()
    model.get_layer("other").trainable = False
    step(model, run_eagerly=False)
    np.testing.assert_allclose(kernel(model, "one"), OTHER, atol=1e-6)
    np.testing.assert_array_equal(kernel(model, "other"), OTHER)


def test_two_models_are_drawn_together():
    model = two_towers()
    weights = {name: kernel(model, name).astype("float64") for name in ("a1", "a2", "b1", "b2")}
    expected = [0.5 * ((weights[f"a{i}"] - weights[f"b{i}"]) ** 2).sum() for i in (1, 2)]
    assert sorted(penalties(model)) == pytest.approx(sorted(expected))
    step(model)
    for i in (1, 2):
        np.testing.assert_allclose(kernel(model, f"a{i}"), weights[f"b{i}"], atol=1e-6)
        np.testing.assert_allclose(kernel(model, f"b{i}"), weights[f"a{i}"], atol=1e-6)


def save_and_load(model, tmp_path):
    model.save(tmp_path / "model.keras")
    return keras.saving.load_model(tmp_path / "model.keras")


def clone(model, tmp_path):
    other = keras.models.clone_model(model)
    other.set_weights(model.get_weights())
    return other


def from_json(model, tmp_path):
    other = keras.models.model_from_json(model.to_json())
    other.set_weights(model.get_weights())
    return other


def swapped():
    """The layer with the penalty is made before the other one."""
    other = dense("other", OTHER)
    one = dense("one", ONE, kernel_regularizer=SoftSharing(other, 0.5))
    inputs = keras.Input((2,))
    return keras.Model(inputs, [one(inputs), other(inputs)])


def of_a_variable():
    other = dense("other", OTHER)
    one = dense("one", ONE, kernel_regularizer=SoftSharing(other.kernel, 0.5))
    inputs = keras.Input((2,))
    return keras.Model(inputs, [one(inputs), other(inputs)])


@pytest.mark.parametrize("make", [pair, swapped, of_a_variable, two_towers])
@pytest.mark.parametrize("again", [save_and_load, clone, from_json])
def test_layers_of_a_model_made_again_share(make, again, tmp_path):
    model = make()
    before = penalties(model)
    other = again(model, tmp_path)
    assert penalties(other) == pytest.approx(before)
    for variable in other.variables:
        variable.assign(ops.zeros(variable.shape))
    assert penalties(other) == [0] * len(before)
    assert penalties(model) == before


def test_saved_twice(tmp_path):
    model = save_and_load(save_and_load(pair(), tmp_path), tmp_path)
    assert penalties(model) == [pytest.approx(0.5 * DISTANCE)]


class TestWithoutTheOtherLayerInTheModel:
    def alone(self, other, **arguments):
        one = dense("one", ONE, kernel_regularizer=SoftSharing(other, 0.5, **arguments))
        return keras.Sequential([keras.Input((2,)), one])

    def test_the_other_layer_leads(self):
        other = dense("other", OTHER)
        other.trainable = False
        model = self.alone(other)
        step(model, run_eagerly=False)
        np.testing.assert_allclose(kernel(model, "one"), OTHER, atol=1e-6)
        np.testing.assert_array_equal(numpy(other.kernel), OTHER)

    @pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX has it for a constant")
    def test_later_changes_of_the_other_layer_count(self):
        other = dense("other", OTHER)
        model = self.alone(other)
        step(model, run_eagerly=False)
        other.kernel.assign(np.zeros((2, 3)))
        model.fit(np.zeros((4, 2)), np.zeros((4, 3)), verbose=0)
        np.testing.assert_allclose(kernel(model, "one"), np.zeros((2, 3)), atol=1e-6)

    @pytest.mark.skipif(keras.backend.backend() != "jax", reason="a limit of JAX")
    def test_jax_refuses_weights_that_it_would_not_read_again(self):
        with pytest.raises(RuntimeError, match=r"constants.*one model, or freeze.*SoftSharing"):
            step(self.alone(dense("other", OTHER)), run_eagerly=False)

    def test_loaded_model_says_what_is_missing_and_takes_it(self, tmp_path):
        other = dense("other", OTHER)
        model = save_and_load(self.alone(other), tmp_path)
        assert model.predict(np.zeros((1, 2)), verbose=0).shape == (1, 3)
        with pytest.raises(RuntimeError, match=r"not have the layer 'other'.*reference = other_la"):
            _ = model.losses
        assert model.get_layer("one").kernel_regularizer.reference is None
        again = save_and_load(model, tmp_path)
        again.get_layer("one").kernel_regularizer.reference = other
        assert penalties(again) == [pytest.approx(0.5 * DISTANCE)]

    def test_a_layer_of_the_same_name_is_not_taken_for_it(self, tmp_path):
        """In the loaded model, the name means the layer of the penalty itself."""
        other = dense("one", OTHER)
        model = save_and_load(self.alone(other), tmp_path)
        with pytest.raises(RuntimeError, match=r"cannot share with itself.*different names"):
            _ = model.losses


def test_two_layers_of_the_name_are_refused(tmp_path):
    inner = [
        keras.Sequential([keras.Input((2,)), dense("other", OTHER)], name=name) for name in "ab"
    ]
    one = dense("one", ONE, kernel_regularizer=SoftSharing(inner[0].layers[0]))
    inputs = keras.Input((2,))
    model = keras.Model(inputs, [one(inputs), inner[0](inputs), inner[1](inputs)])
    other = save_and_load(model, tmp_path)
    with pytest.raises(ValueError, match=r"the layer 'other', and the model has 2.*different nam"):
        _ = other.losses


@pytest.mark.parametrize("policy", ["mixed_float16", "float16", "bfloat16"])
def test_half_precision_distance_is_added_up_in_float32(policy):
    other = keras.layers.Dense(512, kernel_initializer="zeros", dtype=policy)
    other.build((None, 256))
    one = keras.layers.Dense(
        512,
        kernel_initializer=keras.initializers.Constant(2.0),
        kernel_regularizer=SoftSharing(other, 0.5),
        dtype=policy,
    )
    one.build((None, 256))
    assert penalties(one) == [262144]


def test_other_weights_than_the_kernel():
    other = keras.layers.Embedding(4, 3, embeddings_initializer="ones")
    other.build((None,))
    penalty = SoftSharing(other, 0.5, weight="embeddings")
    one = keras.layers.Embedding(4, 3, "zeros", embeddings_regularizer=penalty)
    one.build((None,))
    assert penalties(one) == [6]


def test_together_with_another_penalty_of_the_other_layer():
    other = dense("other", OTHER, kernel_regularizer=L2(0.1))
    one = dense("one", ONE, kernel_regularizer=SoftSharing(other, 0.5))
    model = keras.Sequential([keras.Input((2,)), one])
    assert penalties(model) == [pytest.approx(0.5 * DISTANCE)]


def test_reference_may_be_built_later():
    other = dense("other")
    one = dense("one", ONE, kernel_regularizer=SoftSharing(other, 0.5))
    with pytest.raises(ValueError, match=r"`reference`.*built.*SoftSharing"):
        _ = one.losses
    other.build((None, 2))
    other.kernel.assign(OTHER)
    assert penalties(one) == [pytest.approx(0.5 * DISTANCE)]


def test_another_shape():
    one = dense("one", ONE, kernel_regularizer=SoftSharing(keras.Variable(OTHER.T)))
    with pytest.raises(ValueError, match=r"`reference`.*shape \(2, 3\).*reference=\(3, 2\)"):
        _ = one.losses


@pytest.mark.parametrize("weight", ["kernal", "bias", "units"])
def test_weight_that_the_layer_does_not_have(weight):
    one = dense("one", ONE, kernel_regularizer=SoftSharing(dense("other", OTHER), weight=weight))
    with pytest.raises(ValueError, match=rf"`weight`.*variable of the layer 'other'.*{weight}"):
        _ = one.losses


def test_two_layers_with_a_penalty_each_are_saved(tmp_path):
    model = pair()
    one, other = model.get_layer("one"), model.get_layer("other")
    other.kernel_regularizer = other.kernel.regularizer = SoftSharing(one, 0.25)
    loaded = save_and_load(model, tmp_path)
    assert sorted(penalties(loaded)) == pytest.approx([0.25 * DISTANCE, 0.5 * DISTANCE])
