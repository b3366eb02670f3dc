import keras
import numpy as np
import pytest
from keras import ops

import kerasreg
from kerasreg import schedules
from kerasreg.layers.dropout.patch_dropout import choose, kept_patches
from tests._random.reference import words


def numbered(batch, tokens, features=2):
    """Returns tokens that hold their own place."""
    places = np.arange(tokens, dtype="float32")[None, :, None]
    return np.broadcast_to(places, (batch, tokens, features)).copy()


def places(outputs):
    outputs = ops.convert_to_numpy(outputs)
    np.testing.assert_array_equal(outputs, outputs[..., :1].repeat(outputs.shape[-1], -1))
    return outputs[..., 0].astype(int)


@pytest.mark.parametrize(
    ("patches", "rate", "kept"),
    [(196, 0.5, 98), (100, 0.9, 10), (100, 0.29, 71), (7, 0.4, 4), (5, 0.99, 1), (5, 1.0, 1)],
)
def test_number_of_tokens_that_stay(patches, rate, kept):
    layer = kerasreg.layers.PatchDropout(rate, class_tokens=2)
    assert ops.shape(layer(numbered(2, patches + 2), training=True)) == (2, kept + 2, 2)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="every size is known on the other backends"
)
def test_an_unknown_number_of_tokens_is_rounded_like_a_known_one():
    for rate in (0.1, 0.25, 0.3, 0.5, 0.77):
        for patches in (1, 2, 3, 5, 10, 49, 196, 5000):
            tensor = kept_patches(ops.convert_to_tensor(patches, "int32"), rate)
            assert int(tensor) == kept_patches(patches, rate)


def test_the_smallest_words_are_chosen():
    drawn = words(3, 0, (4, 12))
    layer = kerasreg.layers.PatchDropout(0.5, seed=3, class_tokens=1, ordered=False)
    found = places(layer(numbered(4, 13), training=True))
    expected = np.argsort(drawn >> 1, axis=1, kind="stable")[:, :6] + 1
    np.testing.assert_array_equal(found, np.insert(expected, 0, 0, axis=1))
    ordered = kerasreg.layers.PatchDropout(0.5, seed=3, class_tokens=1)
    found = places(ordered(numbered(4, 13), training=True))
    np.testing.assert_array_equal(found, np.insert(np.sort(expected), 0, 0, axis=1))


def test_choice_from_given_words():
    drawn = ops.convert_to_tensor(np.array([[8, 2, 6, 4], [2, 8, 4, 6]]) * 2**20, "int32")
    assert ops.convert_to_numpy(choose(drawn, 2, ordered=True)).tolist() == [[1, 3], [0, 2]]
    assert ops.convert_to_numpy(choose(drawn, 3, ordered=False)).tolist() == [[1, 3, 2], [0, 2, 3]]


def test_each_example_loses_other_tokens_each_with_the_same_probability():
    n, tokens, rate = 4000, 10, 0.3
    layer = kerasreg.layers.PatchDropout(rate, seed=1, class_tokens=0)
    found = places(layer(numbered(n, tokens), training=True))
    assert (np.diff(found, axis=1) > 0).all()
    kept = np.bincount(found.ravel(), minlength=tokens)
    assert (abs(kept - n * 0.7) < 5 * np.sqrt(n * 0.7 * 0.3)).all()
    assert len(np.unique(found, axis=0)) == 120  # 10 choose 7


def test_inference_and_rate_zero_keep_all():
    x = ops.convert_to_tensor(numbered(2, 5))
    assert kerasreg.layers.PatchDropout(0.5)(x) is x
    assert kerasreg.layers.PatchDropout(0.0)(x, training=True) is x


def test_the_mask_goes_with_the_tokens():
    ids = np.array([[1, 2, 3, 4, 5, 0, 0, 0, 0], [6, 7, 0, 0, 0, 0, 0, 0, 0]], "int32")
    vectors = keras.layers.Embedding(9, 1, mask_zero=True, weights=[np.arange(9.0)[:, None]])
    layer = kerasreg.layers.PatchDropout(0.5, seed=6)
    pooling = keras.layers.GlobalAveragePooling1D()
    model = keras.Sequential([vectors, layer, pooling])
    inference = ops.convert_to_numpy(model(ids)).ravel()
    np.testing.assert_allclose(inference, [3.0, 6.5], rtol=1e-6)
    found = ops.convert_to_numpy(model(ids, training=True)).ravel()
    kept = np.sort(np.argsort(words(6, 0, (2, 8)) >> 1, axis=1)[:, :4] + 1)
    for example, rest, mean in zip(ids, kept, found, strict=True):
        left = example[[0, *rest]]
        assert mean == pytest.approx(left[left > 0].mean(), rel=1e-6)


def test_only_tokens_that_stay_are_trained():
    ids = np.arange(20, dtype="int32").reshape(2, 10)
    embedding = keras.layers.Embedding(20, 2, embeddings_initializer="ones")
    layer = kerasreg.layers.PatchDropout(0.5, seed=2, class_tokens=0)
    model = keras.Sequential([keras.Input((10,), dtype="int32"), embedding, layer])
    model.compile(keras.optimizers.SGD(1.0), lambda y, outputs: ops.sum(outputs))
    model.train_on_batch(ids, np.zeros((2, 5, 2)))
    kept = np.sort(np.argsort(words(2, 0, (2, 10)) >> 1, axis=1)[:, :5])
    expected = np.ones((20, 2))
    expected[np.concatenate([kept[0], kept[1] + 10])] = 0
    np.testing.assert_array_equal(embedding.get_weights()[0], expected)


def transformer(tokens):
    inputs = keras.Input((tokens, 4))
    x = kerasreg.layers.PatchDropout(0.5, seed=0)(inputs)
    x = keras.layers.MultiHeadAttention(2, 2)(x, x)
    return keras.Model(inputs, keras.layers.Dense(2)(x[:, 0]))


@pytest.mark.parametrize("tokens", [9, None])
def test_a_transformer_is_trained_and_predicts_with_all_tokens(tokens):
    model = transformer(tokens)
    model.compile("sgd", "mse", jit_compile=tokens is not None)
    x = np.random.default_rng(0).normal(size=(8, 9, 4)).astype("float32")
    before = model.get_weights()
    model.fit(x, np.ones((8, 2)), batch_size=4, verbose=0)
    assert any(not np.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True))
    assert model.predict(x, verbose=0).shape == (8, 2)


def test_the_number_of_tokens_is_unknown_to_layers_that_need_it():
    x = kerasreg.layers.PatchDropout(0.5)(keras.Input((8, 4)))
    assert x.shape == (None, None, 4)
    with pytest.raises(ValueError, match="defined"):
        keras.layers.Dense(2)(keras.layers.Flatten()(x))
    assert kerasreg.layers.PatchDropout(0.0)(keras.Input((8, 4))).shape == (None, 8, 4)


def test_a_schedule_is_refused_and_told_why():
    with pytest.raises(TypeError, match="change the shape of the output from step to step"):
        kerasreg.layers.PatchDropout(schedules.Linear(0.0, 0.5, steps=3))


@pytest.mark.parametrize("shape", [(2, 4), (2, 3, 4, 5), (2, 2, 4)])
def test_bad_shapes_are_refused_when_building(shape):
    with pytest.raises(ValueError, match=r"`input_shape`.*\(PatchDropout\)"):
        kerasreg.layers.PatchDropout(0.5, class_tokens=2)(np.ones(shape, "float32"))
