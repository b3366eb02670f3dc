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
