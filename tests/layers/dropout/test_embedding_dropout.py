import keras
import numpy as np
import pytest
from keras import ops

import kerasreg
from kerasreg import _backend, _random, schedules
from tests._random.reference import words

VOCABULARY = 50
IDS = np.random.default_rng(0).integers(VOCABULARY, size=(8, 30)).astype("int32")


@pytest.fixture(params=["as decided", "kernels"])
def mode(request, monkeypatch):
    if request.param == "kernels":
        monkeypatch.setattr(_backend.backend, "SMALLEST_KERNEL", 0, raising=False)
    return request.param


def ones(**arguments):
    return keras.layers.Embedding(VOCABULARY, 3, embeddings_initializer="ones", **arguments)


def numpy(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))


def kept(seed, step, shape, rate):
    return words(seed, step, shape) >= round(rate * 2**32)


def test_a_word_of_an_index_is_that_of_all_words():
    key, _ = _random.next_key(_random.seed_generator(3, "test"), "test")
    index = ops.convert_to_tensor(IDS.astype(_backend.WORD_DTYPE))
    every = ops.convert_to_numpy(_random.words(key, (VOCABULARY,)))
    np.testing.assert_array_equal(ops.convert_to_numpy(_random.words_at(key, index)), every[IDS])


def test_a_dropped_word_is_dropped_at_all_places_of_the_batch(mode):
    layer = kerasreg.layers.EmbeddingDropout(ones(), 0.3, seed=5)
    for step in range(2):
        expected = kept(5, step, (VOCABULARY,), 0.3)[IDS] / 0.7
        expected = np.repeat(expected[..., None], 3, axis=-1)
        np.testing.assert_allclose(numpy(layer(IDS, training=True)), expected, rtol=1e-6)


def test_each_example_can_have_its_own_mask(mode):
    layer = kerasreg.layers.EmbeddingDropout(ones(), 0.3, seed=5, per_example=True)
    mask = np.take_along_axis(kept(5, 0, (8, VOCABULARY), 0.3), IDS, axis=1)
    found = numpy(layer(IDS, training=True))
    np.testing.assert_array_equal(found != 0, np.repeat(mask[..., None], 3, axis=-1))


def test_share_of_dropped_words():
    n, rate = 200_000, 0.1
    embedding = keras.layers.Embedding(n, 1, embeddings_initializer="ones")
    layer = kerasreg.layers.EmbeddingDropout(embedding, rate, seed=1)
    dropped = np.sum(numpy(layer(np.arange(n)[None], training=True)) == 0)
    assert abs(dropped - n * rate) < 5 * np.sqrt(n * rate * (1 - rate))


def test_inference_and_rate_zero_are_the_plain_embedding():
    embedding = keras.layers.Embedding(VOCABULARY, 3)
    expected = numpy(embedding(IDS))
    layer = kerasreg.layers.EmbeddingDropout(embedding, 0.5)
    np.testing.assert_array_equal(numpy(layer(IDS)), expected)
    none = kerasreg.layers.EmbeddingDropout(embedding, 0.0)
    np.testing.assert_array_equal(numpy(none(IDS, training=True)), expected)


def test_weights_are_those_of_the_embedding():
    embedding = keras.layers.Embedding(VOCABULARY, 3)
    layer = kerasreg.layers.EmbeddingDropout(embedding, 0.5)
    layer(IDS, training=True)
    assert layer.weights == [embedding.embeddings]


def test_only_words_that_are_kept_and_read_are_trained():
    layer = kerasreg.layers.EmbeddingDropout(ones(), 0.5, seed=9)
    model = keras.Sequential([keras.Input((30,), dtype="int32"), layer])
    model.compile(keras.optimizers.SGD(1.0), lambda y, outputs: ops.sum(outputs))
    model.train_on_batch(IDS, np.zeros((8, 30, 3)))
    change = 1.0 - layer.get_weights()[0]
    counts = np.bincount(IDS.ravel(), minlength=VOCABULARY)
    expected = np.where(kept(9, 0, (VOCABULARY,), 0.5), 2.0 * counts, 0.0)
    np.testing.assert_allclose(change, np.repeat(expected[:, None], 3, axis=1), rtol=1e-5)
    assert (change[expected == 0] == 0).all()


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="sparse gradients")
def test_the_gradient_of_the_matrix_is_sparse():
    import tensorflow as tf

    layer = kerasreg.layers.EmbeddingDropout(ones(), 0.5)
    with tf.GradientTape() as tape:
        total = ops.sum(layer(IDS, training=True))
    assert isinstance(tape.gradient(total, layer.layer.embeddings.value), tf.IndexedSlices)


def test_padding_stays_masked():
    ids = np.array([[4, 7, 0, 0], [9, 2, 3, 0]], "int32")
    embedding = keras.layers.Embedding(10, 2, mask_zero=True)
    layer = kerasreg.layers.EmbeddingDropout(embedding, 0.4, seed=2)
    model = keras.Sequential([layer, keras.layers.GlobalAveragePooling1D()])
    found = numpy(model(ids, training=True))
    mask = kept(2, 0, (10,), 0.4)
    rows = np.where(mask[:, None], embedding.get_weights()[0] / 0.6, 0.0)[ids]
    expected = [rows[0, :2].mean(0), rows[1, :3].mean(0)]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_large_word_numbers_survive_half_precision():
    embedding = keras.layers.Embedding(5000, 1, weights=[np.arange(5000.0)[:, None]])
    layer = kerasreg.layers.EmbeddingDropout(embedding, 0.0, dtype="mixed_float16")
    found = layer(np.array([[2049.0, 4097.0]], "float32"), training=True)
    assert keras.backend.standardize_dtype(found.dtype) == "float16"
    np.testing.assert_array_equal(numpy(found).ravel(), np.float16([2049, 4097]))
    plain = kerasreg.layers.EmbeddingDropout(embedding, 0.0)
    np.testing.assert_array_equal(numpy(plain(np.array([[2049.0]]))).ravel(), [2049])


def test_a_dropped_nan_is_zero(mode):
    embedding = keras.layers.Embedding(VOCABULARY, 1, embeddings_initializer=_nan)
    layer = kerasreg.layers.EmbeddingDropout(embedding, 0.5, seed=4)
    found = numpy(layer(np.arange(VOCABULARY)[None], training=True)).ravel()
    mask = kept(4, 0, (VOCABULARY,), 0.5)
    assert (found[~mask] == 0).all()
    assert np.isnan(found[mask]).all()


def _nan(shape, dtype=None):
    return ops.full(shape, np.nan, dtype)


def test_a_scheduled_rate_follows_the_training_calls():
    rate = schedules.Linear(0.0, 0.8, steps=4)
    layer = kerasreg.layers.EmbeddingDropout(ones(), rate, seed=3)
    for step in range(4):
        mask = kept(3, step, (VOCABULARY,), np.float32(0.2 * step).item())[IDS]
        np.testing.assert_array_equal(numpy(layer(IDS, training=True))[..., 0] != 0, mask)
    assert kerasreg.layers.EmbeddingDropout.from_config(layer.get_config()).rate == rate


def test_the_embedding_can_be_shared_with_the_output_layer(tmp_path):
    embedding = keras.layers.ReversibleEmbedding(VOCABULARY, 4)
    layer = kerasreg.layers.EmbeddingDropout(embedding, 0.5)
    inputs = keras.Input((30,), dtype="int32")
    model = keras.Model(inputs, embedding(layer(inputs), reverse=True))
    assert [tuple(weight.shape) for weight in model.weights] == [(VOCABULARY, 4)]
    assert ops.shape(model(IDS, training=True)) == (8, 30, VOCABULARY)


@pytest.mark.parametrize("bad", [keras.layers.Dense(3), None, "embedding"], ids=str)
def test_what_is_no_embedding_is_refused(bad):
    with pytest.raises(TypeError, match=r"keras\.layers\.Embedding layer"):
        kerasreg.layers.EmbeddingDropout(bad, 0.5)
