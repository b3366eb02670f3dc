"""A residual network with stochastic depth, and without.

Data: Fashion-MNIST, 28x28 pixels, by way of tensorflow-datasets, which downloads it at the first
run (31 MB). The network has a convolution, two stages of residual blocks with a pooling layer
before each, and a softmax. In training each block is dropped at random, the later the more
often (linear decay). At test all blocks are there, and their residuals are scaled by their share of
the training: the form of the paper.

It is trained twice on the same images from the same initial weights: plain, and with stochastic
depth. In a training as short as this one, expect that to narrow the gap between training and test
accuracy, not to raise the test accuracy: the gains of the paper are those of 54 blocks and 500
epochs.

With `--pooling fractional`, the two pooling layers divide the size of their maps by 1.75, in
regions that differ from step to step, in place of max pooling by 2.
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
import tensorflow as tf
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

import kerasreg

FILTERS = (16, 32)
BATCH = 64
LEARNING_RATE = 2e-3
FRACTIONAL_RATIO = 1.75


@dataclass(frozen=True)
class Run:
    """What one training gave."""

    train_accuracy: float
    test_accuracy: float
    test_loss: float
    seconds: float


class Advance(keras.callbacks.Callback):
    """Moves the progress bar on after each epoch."""

    def __init__(self, advance):
        super().__init__()
        self.advance = advance

    def on_epoch_end(self, epoch, logs=None):
        """Runs after each epoch."""
        self.advance()


def pool(x, pooling):
    """Returns the maps made smaller."""
    if pooling == "fractional":
        return kerasreg.layers.FractionalMaxPooling2D(FRACTIONAL_RATIO)(x)
    return keras.layers.MaxPooling2D(2)(x)


def convolve(x, filters, size=3):
    """Returns a convolution of the maps, normalized."""
    x = keras.layers.Conv2D(filters, size, padding="same", use_bias=False)(x)
    return kerasreg.layers.BatchNormalization(momentum=0.9)(x)


def block(x, filters, rate):
    """Returns a residual block, whose residual is dropped at that rate."""
    shortcut = x if x.shape[-1] == filters else convolve(x, filters, size=1)
    residual = keras.layers.ReLU()(convolve(x, filters))
    residual = convolve(residual, filters)
    merged = kerasreg.layers.StochasticDepth(rate)([shortcut, residual])
    return keras.layers.ReLU()(merged)


def build(shape, value_range, classes, blocks, last, pooling):
    """Returns the network.

    Args:
        shape: Shape of an image.
        value_range: (low, high) of its pixels.
        classes: Number of classes.
        blocks: Residual blocks of each stage.
        last: Drop rate of the last block; 0 for no stochastic depth.
        pooling: "max" or "fractional".
    """
    low, high = value_range
    rates = iter(kerasreg.layers.linear_rates(blocks * len(FILTERS), last))
    inputs = keras.Input(shape)
    x = keras.layers.Rescaling(1 / (high - low), -low / (high - low))(inputs)
    x = keras.layers.ReLU()(convolve(x, FILTERS[0]))
    for filters in FILTERS:
        x = pool(x, pooling)
        for _ in range(blocks):
            x = block(x, filters, next(rates))
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(classes, "softmax")(x))


def train(data, seed, last, options, advance):
    """Trains one network and returns its `Run`."""
    keras.utils.set_random_seed(seed)
    images, labels = data.train.images[: options.images], data.train.labels[: options.images]
    classes = len(data.class_names)
    model = build(
        images.shape[1:], data.value_range, classes, options.blocks, last, options.pooling
    )
    steps = options.epochs * math.ceil(len(images) / BATCH)
    decay = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    model.compile(
        keras.optimizers.Adam(decay),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        # On a CPU, XLA takes four times as long for these convolutions.
        jit_compile=bool(tf.config.list_physical_devices("GPU")),
    )
    begin = time.perf_counter()
    model.fit(
        images,
        labels,
        batch_size=BATCH,
        epochs=options.epochs,
        callbacks=[Advance(advance)],
        verbose=0,
    )
    seconds = time.perf_counter() - begin
    of_train = model.evaluate(images, labels, batch_size=500, verbose=0, return_dict=True)
    of_test = model.evaluate(
        data.test.images, data.test.labels, batch_size=500, verbose=0, return_dict=True
    )
    return Run(of_train["accuracy"], of_test["accuracy"], of_test["loss"], seconds)


def table(runs):
    """Returns the result as a table: means over the seeds, and standard deviations."""
    columns = ("train_accuracy", "test_accuracy", "test_loss")
    result = Table("", *(column.replace("_", " ") for column in columns), "seconds")
    for name, of_name in runs.items():
        cells = [spread([getattr(run, column) for run in of_name]) for column in columns]
        result.add_row(name, *cells, f"{statistics.mean(run.seconds for run in of_name):.0f}")
    return result


def spread(values):
    """Returns the mean and the standard deviation as text."""
    if len(values) == 1:
        return f"{values[0]:.3f}"
    return f"{statistics.mean(values):.3f} ± {statistics.stdev(values):.3f}"


def verdict(runs, last):
    """Returns a sentence on what stochastic depth has changed."""
    plain, dropped = ([run.test_accuracy for run in of_name] for of_name in runs.values())
    gain = statistics.mean(dropped) - statistics.mean(plain)
    sentence = f"Stochastic depth up to rate {last:g} changes the test accuracy by {gain:+.3f}"
    if len(plain) == 1:
        return f"{sentence}; several seeds would show the spread."
    noise = max(statistics.stdev(plain), statistics.stdev(dropped))
    return f"{sentence}, {'more' if abs(gain) > noise else 'NOT more'} than the spread {noise:.3f}."


def arguments():
    """Returns the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--pooling", choices=("max", "fractional"), default="max")
    parser.add_argument("--last", type=float, default=0.5, help="drop rate of the last block")
    parser.add_argument("--blocks", type=int, default=4, help="residual blocks of each stage")
    parser.add_argument("--images", type=int, default=3000, help="training images")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=1, help="trainings of each network")
    parser.add_argument("--data-dir", type=Path, help="prepared data of tensorflow-datasets")
    parser.add_argument(
        "--smoke", action="store_true", help="embedded 8x8 digits, one epoch: does it run?"
    )
    options = parser.parse_args()
    if options.smoke:
        options.blocks, options.images, options.epochs, options.seeds = 1, 200, 1, 1
    return options


def main():
    options = arguments()
    console = Console()
    devices = ", ".join(device.name for device in tf.config.list_logical_devices())
    console.print(f"Devices: {devices}", highlight=False)
    if options.smoke:
        data = kerasreg.datasets.load("digits")
    else:
        console.print(" ".join(__doc__.split("\n\n")[1].split()) + "\n", highlight=False)
        data = kerasreg.datasets.load("fashion_mnist", data_dir=options.data_dir)
    depth = options.blocks * len(FILTERS)
    present = depth - sum(kerasreg.layers.linear_rates(depth, options.last))
    console.print(
        f"{data.name}: {min(options.images, len(data.train))} images, {options.epochs} epochs, "
        f"{options.pooling} pooling, {depth} blocks, of which {present:.1f} are there in a step.",
        highlight=False,
    )
    runs = {"plain": [], "stochastic depth": []}
    with Progress(console=console) as progress:
        bar = progress.add_task("training", total=2 * options.seeds * options.epochs)
        for seed in range(options.seeds):
            for name, last in zip(runs, (0.0, options.last), strict=True):
                run = train(data, seed, last, options, lambda: progress.advance(bar))
                runs[name].append(run)
    console.print(table(runs))
    console.print(verdict(runs, options.last), highlight=False)


if __name__ == "__main__":
    main()
