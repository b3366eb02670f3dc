import re

import keras
import numpy as np
import pytest

from kerasreg.models import with_manifold_mixup

RANDOM = np.random.default_rng(0)
X, LABELS = RANDOM.normal(size=(32, 4)).astype("float32"), RANDOM.integers(0, 3, size=32)
WEIGHT = RANDOM.uniform(0.5, 2, size=32)


class Kept(keras.layers.Layer):
    """Keeps what it last saw in training."""

    def build(self, shape):
        self.seen = self.add_weight(shape=(32, shape[-1]), trainable=False, initializer="zeros")

    def call(self, x, training=False):
        if training:
            self.seen.assign(x)
        return x


def kept():
    first, second = Kept(name="a"), Kept(name="b")
    dense = keras.layers.Dense(4, "tanh", name="hidden")
    last = keras.layers.Dense(3, name="last")
    return keras.Sequential([keras.Input((4,), batch_size=32), first, dense, second, last])


def shares(seen, plain):
    """Returns the share and the order by which rows of `plain` were mixed to `seen`."""
    for other in range(1, 32):
        # The first row is m * plain[0] + (1 - m) * plain[other].
        line = plain[0] - plain[other]
        m = float((seen[0] - plain[other]) @ line / (line @ line))
        if 0 <= m <= 1 and np.allclose(seen[0], m * plain[0] + (1 - m) * plain[other], atol=1e-4):
            rest = (seen - m * plain) / (1 - m)
            order = [int(np.abs(plain - row).sum(axis=1).argmin()) for row in rest]
            return m, order
    return None


def plain_values(inside):
    kernel, bias, *_ = inside.get_layer("hidden").get_weights()
    return {"a": X, "b": np.tanh(X @ kernel + bias)}


@pytest.mark.parametrize("jit_compile", [False, True])
def test_one_of_the_places_is_mixed_and_the_loss_is_that_of_both_labels(jit_compile):
    inside = kept()
    model = with_manifold_mixup(inside, 2.0, "hidden", seed=3)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.0), loss, jit_compile=jit_compile)
    plain = plain_values(inside)
    places = []
    for _ in range(8):
        found = model.fit(
            X, LABELS, sample_weight=WEIGHT, batch_size=32, shuffle=False, verbose=0
        ).history["loss"][0]
        seen = {name: np.asarray(inside.get_layer(name).seen) for name in plain}
        places.append("inputs" if not np.allclose(seen["a"], X) else "hidden")
        mixed = shares(seen["a"], X) if places[-1] == "inputs" else shares(seen["b"], plain["b"])
        if mixed is None:  # the first row is mixed with itself
            continue
        m, order = mixed
        assert sorted(order) == list(range(32))
        kernel, bias = inside.get_layer("last").get_weights()
        z = (seen["b"] @ kernel + bias).astype("float64")
        log_p = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
        terms = [
            share * WEIGHT[rows] * -log_p[np.arange(32), LABELS[rows]]
            for share, rows in ((m, np.arange(32)), (1 - m, order))
        ]
        np.testing.assert_allclose(found, np.sum(terms) / 32, rtol=1e-3)
    assert set(places) == {"inputs", "hidden"}


def test_without_training_nothing_is_mixed():
    inside = kept()
    model = with_manifold_mixup(inside, 2.0, "hidden", seed=3)
    model.compile("sgd", "mse")
    inside.compile("sgd", "mse")
    y = np.ones((32, 3))
    assert model.evaluate(X, y, verbose=0) == inside.evaluate(X, y, verbose=0)
    np.testing.assert_array_equal(model.predict(X, verbose=0), inside.predict(X, verbose=0))


def test_where_is_saved_by_paths():
    inside = kept()
    for where in (re.compile("hid"), keras.layers.Dense, inside.get_layer("hidden"), ["hid*"]):
        config = with_manifold_mixup(inside, where=where).get_config()
        expected = ["hidden", "last"] if where is keras.layers.Dense else ["hidden"]
        assert config["where"] == (where if isinstance(where, list) else expected)


def words():
    embedding = keras.layers.Embedding(9, 3, name="embedding")
    layers = [embedding, keras.layers.Flatten(), keras.layers.Dense(1)]
    return keras.Sequential([keras.Input((4,), dtype="int32"), *layers])


WORDS = np.arange(32).reshape(8, 4) % 9


@pytest.mark.parametrize("where", [None, "embedding"])
def test_labels_alone_are_never_mixed(where):
    model = with_manifold_mixup(words(), where=where)
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"`mix_inputs`.*no input is a float"):
        model.fit(WORDS, np.ones((8, 1)), verbose=0)


def test_integers_are_mixed_where_they_are_embedded():
    model = with_manifold_mixup(words(), where="embedding", mix_inputs=False)
    model.compile("sgd", "mse")
    model.fit(WORDS, np.ones((8, 1)), verbose=0)


def test_integers_that_the_model_takes_for_floats_are_mixed():
    dense = keras.layers.Dense(1, kernel_initializer="ones", use_bias=False)
    model = with_manifold_mixup(keras.Sequential([keras.Input((1,)), dense]), seed=1)
    found = keras.ops.convert_to_numpy(
        model(np.array([[0], [1], [2], [3]], "uint8"), training=True)
    )
    assert (found != np.round(found)).any()


def test_layers_that_are_not_called_are_refused():
    class Unused(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.used, self.unused = keras.layers.Dense(2), keras.layers.Dense(2, name="unused")

        def call(self, inputs):
            return self.used(inputs)

    model = keras.Sequential([keras.Input((3,)), Unused()])
    model = with_manifold_mixup(model, where="unused")
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"`where`.*called in training.*'unused'"):
        model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)


def test_an_input_layer_is_no_place():
    model = with_manifold_mixup(words(), where="*")
    assert not any("input" in path for path in model._places.paths)
