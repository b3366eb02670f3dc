"""An autoencoder with tied weights, against the same one without.

Two convolutions with stride 2 and a dense layer make a short code of an image; the decoder goes
the same way back. Untied, the decoder has kernels of its own; tied, it has the encoder's,
transposed, and the model has half the kernel weights. Both are trained on the same images in the
same order, by Adam, and compared by the mean squared error of the reconstructed test images, with
pixels between 0 and 1. All that for several seeds.

Data: the 1,797 handwritten digits (8x8 pixels) that come with kerasreg; or MNIST or Fashion-MNIST
(28x28), which are downloaded at the first run.
"""

import argparse
import math
import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import matplotlib as mpl
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

import kerasreg

FILTERS = (16, 32)
BATCH = 64
STEPS = 800
KINDS = ("untied", "tied")


@dataclass(frozen=True)
class Run:
    """What one training gave."""

    kernel_weights: int
    train_error: float
    test_error: float
    reconstructed: np.ndarray


class Advance(keras.callbacks.Callback):
    """Moves the progress bar."""

    def __init__(self, advance):
        super().__init__()
        self.advance = advance

    def on_epoch_end(self, epoch, logs=None):
        """Runs after each epoch."""
        self.advance()


def build(shape, code, tied):
    """Returns the compiled autoencoder for images of that shape."""
    convolutions = [
        keras.layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")
        for filters in FILTERS
    ]
    dense = keras.layers.Dense(code)
    x = inputs = keras.Input(shape)
    for layer in convolutions:
        x = layer(x)
    maps = x.shape[1:]
    x = dense(keras.layers.Flatten()(x))
    if tied:
        x = kerasreg.layers.TiedDense(dense, activation="relu")(x)
    else:
        x = keras.layers.Dense(math.prod(maps), activation="relu")(x)
    x = keras.layers.Reshape(maps)(x)
    channels = (*FILTERS[:-1][::-1], shape[-1])
    for layer, filters in zip(reversed(convolutions), channels, strict=True):
        activation = "relu" if layer is not convolutions[0] else "sigmoid"
        if tied:
            x = kerasreg.layers.TiedConv2DTranspose(layer, activation=activation)(x)
        else:
            x = keras.layers.Conv2DTranspose(
                filters, 3, strides=2, padding="same", activation=activation
            )(x)
    model = keras.Model(inputs, x)
    model.compile(keras.optimizers.Adam(2e-3), "mse")
    return model


def pixels(images, value_range):
    """Returns images with pixels between 0 and 1."""
    low, high = value_range
    return (images.astype("float32") - low) / (high - low)


def train(train_images, test_images, seed, tied, *, code, epochs, advance):
    """Trains one autoencoder and returns its `Run`."""
    keras.utils.set_random_seed(seed)
    model = build(train_images.shape[1:], code, tied)
    batches = tf.data.Dataset.from_tensor_slices((train_images, train_images))
    batches = batches.shuffle(len(train_images), seed=seed).batch(BATCH)
    model.fit(
        batches.prefetch(2),
        epochs=epochs,
        shuffle=False,
        callbacks=[Advance(advance)],
        verbose=0,
    )
    reconstructed = model.predict(test_images, verbose=0)
    return Run(
        kernel_weights=sum(math.prod(w.shape) for w in model.weights if len(w.shape) > 1),
        train_error=model.evaluate(train_images, train_images, verbose=0),
        test_error=float(np.mean((reconstructed - test_images) ** 2)),
        reconstructed=reconstructed,
    )


def table(runs):
    """Returns the result as a table: means over the seeds, and standard deviations."""
    result = Table("", "kernel weights", "train error", "test error")
    for kind, of_kind in runs.items():
        errors = [
            spread([getattr(run, name) for run in of_kind])
            for name in ("train_error", "test_error")
        ]
        result.add_row(kind, f"{of_kind[0].kernel_weights:,}", *errors)
    return result


def spread(values):
    """Returns the mean and the standard deviation as text."""
    if len(values) == 1:
        return f"{values[0]:.5f}"
    return f"{statistics.mean(values):.5f} ± {statistics.stdev(values):.5f}"


def verdict(runs):
    """Returns one sentence on what tying costs or gains."""
    untied, tied = ([run.test_error for run in runs[kind]] for kind in KINDS)
    change = statistics.mean(tied) / statistics.mean(untied) - 1
    share = runs["tied"][0].kernel_weights / runs["untied"][0].kernel_weights
    sentence = f"Tied: {share:.0%} of the kernel weights, {change:+.0%} in test error"
    if len(tied) == 1:
        return f"{sentence}; several seeds would show the spread."
    noise = max(statistics.stdev(tied), statistics.stdev(untied))
    word = "more" if abs(statistics.mean(tied) - statistics.mean(untied)) > noise else "NOT more"
    return f"{sentence}, {word} than the spread over the seeds."


def draw(test, images, runs, path):
    """Writes a picture: one image of each class, and what the autoencoders make of it."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    chosen = [int(np.argmax(test.labels == label)) for label in np.unique(test.labels)]
    rows = {"input": images, **{kind: runs[kind][0].reconstructed for kind in KINDS}}
    figure, axes = plt.subplots(
        len(rows), len(chosen), figsize=(len(chosen), len(rows) + 0.5), layout="constrained"
    )
    for of_row, (name, pictures) in zip(axes, rows.items(), strict=True):
        for axis, number in zip(of_row, chosen, strict=True):
            axis.imshow(pictures[number].squeeze(), cmap="gray", vmin=0, vmax=1)
            axis.set(xticks=[], yticks=[])
        error = "" if name == "input" else f"\n{np.mean((pictures - images) ** 2):.4f}"
        of_row[0].set_ylabel(name + error)
    figure.suptitle("Test images and reconstructions, with the mean squared error over all of them")
    figure.savefig(path, dpi=120)


def arguments():
    """Returns the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", default="digits", choices=("digits", "mnist", "fashion_mnist"))
    parser.add_argument("--images", type=int, default=10_000, help="training images at most")
    parser.add_argument("--code", type=int, default=12, help="numbers that an image becomes")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each autoencoder")
    parser.add_argument("--figure", type=Path, default=Path("tied_autoencoder.png"))
    parser.add_argument("--smoke", action="store_true", help="one seed, one epoch: does it run?")
    return parser.parse_args()


def main():
    options = arguments()
    console = Console()
    begin = time.perf_counter()
    devices = ", ".join(device.name for device in tf.config.list_logical_devices())
    console.print(f"Devices: {devices}", highlight=False)
    console.print(" ".join(__doc__.split("\n\n")[1].split()) + "\n", highlight=False)
    data = kerasreg.datasets.load(options.data)
    images = pixels(data.train.images[: options.images], data.value_range)
    test_images = pixels(data.test.images, data.value_range)
    seeds = 1 if options.smoke else options.seeds
    epochs = 1 if options.smoke else math.ceil(STEPS * BATCH / len(images))
    console.print(f"{options.data}: {len(images)} training images, {epochs} epochs")
    runs = {kind: [] for kind in KINDS}
    with Progress(console=console) as progress:
        bar = progress.add_task("training", total=seeds * len(KINDS) * epochs)
        for seed in range(seeds):
            for kind in KINDS:
                run = train(
                    images,
                    test_images,
                    seed,
                    kind == "tied",
                    code=options.code,
                    epochs=epochs,
                    advance=lambda: progress.advance(bar),
                )
                runs[kind].append(run)
    draw(data.test, test_images, runs, options.figure)
    console.print(table(runs))
    console.print(verdict(runs), highlight=False)
    console.print(f"Picture: {options.figure}. {time.perf_counter() - begin:.0f} s.")


if __name__ == "__main__":
    main()
