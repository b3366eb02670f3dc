"""A picture of the dropout that hides something else than values of a feature map."""

from typing import Any

import keras
import numpy as np
from matplotlib.figure import Figure

from kerasreg import layers

Images = list[np.ndarray]

RATE = 0.3
SENTENCE = ("the", "cat", "saw", "the", "dog", "and", "the", "dog", "saw", "the", "other", "cat")
UNITS, INPUTS, VECTOR, SAMPLES, GRID = 16, 16, 8, 8, 8


def other_dropout(images: Images) -> Figure:
    """Returns the picture: six panels."""
    figure = Figure(figsize=(8, 9.6), layout="constrained")
    figure.suptitle("Dropout of weights, of words and of patches (orange: dropped)", fontsize=13)
    panels = figure.subplots(3, 2)
    weights = example_weights()
    _matrix(panels[0, 0], drop_connect(weights), "DropConnect", "any weight may be dropped")
    words = "only the smaller half of each unit's weights may be"
    _matrix(panels[0, 1], targeted_dropout(weights), "TargetedDropout", words)
    _words(panels[1, 0])
    _patches(panels[1, 1], images)
    words = "masks are soft: the rate is learned"
    _factors(panels[2, 0], concrete(), "ConcreteDropout", words)
    words = f"a linear head sees the mean of {SAMPLES} masks"
    _factors(panels[2, 1], multi_sample(), "MultiSampleDropout", words)
    return figure


def example_weights() -> np.ndarray:
    """Returns a matrix of weights of many sizes."""
    return np.random.default_rng(0).normal(size=(INPUTS, UNITS)).astype("float32")


def drop_connect(weights: np.ndarray) -> np.ndarray:
    """Returns the weights that a training step uses, scaled back."""
    layer = layers.DropConnect(_dense(UNITS), RATE, seed=1)
    return _used(layer, weights) * (1 - RATE)


def targeted_dropout(weights: np.ndarray) -> np.ndarray:
    """Returns the weights that a training step uses."""
    layer = layers.TargetedDropout(_dense(UNITS), 2 * RATE, 0.5, seed=1)
    return _used(layer, weights)


def embedding_dropout() -> np.ndarray:
    """Returns the factor that each word of the sentence is multiplied by, scaled back."""
    words = sorted(set(SENTENCE))
    embedding = keras.layers.Embedding(len(words), VECTOR, embeddings_initializer="ones")
    layer = layers.EmbeddingDropout(embedding, RATE, seed=5)
    numbers = np.array([[words.index(word) for word in SENTENCE]])
    return keras.ops.convert_to_numpy(layer(numbers, training=True))[0] * (1 - RATE)


def patch_dropout() -> np.ndarray:
    """Returns which patches of an image are kept."""
    numbers = np.arange(GRID * GRID, dtype="float32")[None, :, None]
    layer = layers.PatchDropout(0.5, seed=1, class_tokens=0)
    kept = keras.ops.convert_to_numpy(layer(numbers, training=True)).ravel().astype(int)
    return np.isin(np.arange(GRID * GRID), kept).reshape(GRID, GRID)


def concrete() -> np.ndarray:
    """Returns the soft mask of a batch."""
    dense = keras.layers.Dense(UNITS, kernel_initializer="identity", use_bias=False)
    layer = layers.ConcreteDropout(dense, seed=1, initial_rate=RATE)
    ones = np.ones((INPUTS, UNITS), "float32")
    return keras.ops.convert_to_numpy(layer(ones, training=True)) * (1 - RATE)


def multi_sample() -> np.ndarray:
    """Returns the mean of the masks of a batch, over the copies."""
    dense = keras.layers.Dense(UNITS, kernel_initializer="identity", use_bias=False)
    layer = layers.MultiSampleDropout(dense, SAMPLES, RATE, seed=1)
    ones = np.ones((INPUTS, UNITS), "float32")
    return keras.ops.convert_to_numpy(layer(ones, training=True)) * (1 - RATE)


def _dense(units: int) -> Any:
    return keras.layers.Dense(units, use_bias=False)


def _used(layer: Any, weights: np.ndarray) -> np.ndarray:
    unit_vectors = np.eye(len(weights), dtype="float32")
    layer.build(unit_vectors.shape)
    layer.layer.kernel.assign(weights)
    return keras.ops.convert_to_numpy(layer(unit_vectors, training=True))


def _matrix(panel: Any, weights: np.ndarray, name: str, words: str) -> None:
    shown = np.ma.masked_where(weights == 0, np.abs(weights))
    panel.set_facecolor("#e8590c")
    image = panel.imshow(shown, cmap="Blues", vmin=0, vmax=3)
    _bar(panel, image, "size of the weight")
    _label(panel, name, words, "unit", "input")


def _words(panel: Any) -> None:
    factors = embedding_dropout()
    shown = np.ma.masked_where(factors == 0, factors)
    panel.imshow(shown, cmap="gray", vmin=0, vmax=1.2, aspect="auto")
    panel.set_facecolor("#e8590c")
    panel.set_yticks(range(len(SENTENCE)), SENTENCE)
    _label(panel, "EmbeddingDropout", "a word goes at all its places", "entry of its vector", "")


def _patches(panel: Any, images: Images) -> None:
    image = images[0]
    kept = patch_dropout()
    rows = np.arange(image.shape[0]) * GRID // image.shape[0]
    columns = np.arange(image.shape[1]) * GRID // image.shape[1]
    dropped = ~kept[np.ix_(rows, columns)]
    shown = image.copy()
    shown[dropped] = (0xE8, 0x59, 0x0C)
    panel.imshow(shown)
    panel.set_xticks([])
    panel.set_yticks([])
    _label(panel, "PatchDropout", "a transformer sees half the patches", "", "")


def _factors(panel: Any, factors: np.ndarray, name: str, words: str) -> None:
    image = panel.imshow(factors, cmap="Oranges_r", vmin=0, vmax=1)
    _bar(panel, image, "share kept")
    _label(panel, name, words, "unit", "example")


def _bar(panel: Any, image: Any, label: str) -> None:
    bar = panel.figure.colorbar(image, ax=panel, shrink=0.8)
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=8)


def _label(panel: Any, name: str, words: str, x: str, y: str) -> None:
    panel.set_title(name, fontsize=11, fontweight="bold", pad=20)
    panel.text(0.5, 1.03, words, fontsize=9, ha="center", transform=panel.transAxes)
    panel.set_xlabel(x, fontsize=9)
    panel.set_ylabel(y, fontsize=9)
    panel.tick_params(labelsize=8)
