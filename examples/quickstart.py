"""A network that overfits, without and with kerasreg.

Data: the 1,797 handwritten digits (8x8 pixels) that come with kerasreg. 600 of the training images
are used, and 30 % of the training and validation labels are replaced by random ones, as careless
annotators would. The test labels are right. The network, two hidden layers of 512 units, is large
enough to learn the wrong labels by heart.

It is trained twice on the same data from the same initial weights: plain, for a fixed number of
epochs; and with an L2 penalty, dropout, augmentation and early stopping. All that for several
seeds.
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

TRAINING_IMAGES = 600
WRONG_LABELS = 0.3
HIDDEN_UNITS = 512
BATCH = 64
PLAIN_EPOCHS = 60
MOST_EPOCHS = 150
PATIENCE = 15
LARGEST_PIXEL = 16


@dataclass(frozen=True)
class Run:
    """What one training gave: accuracies of the final weights, and curves over the epochs."""

    train_accuracy: float
    test_accuracy: float
    curves: dict[str, list[float]]

    @property
    def gap(self) -> float:
        """Training accuracy minus test accuracy."""
        return self.train_accuracy - self.test_accuracy

    @property
    def epochs(self) -> int:
        """Epochs that were run."""
        return len(self.curves["train"])


class EpochWatcher(keras.callbacks.Callback):
    """Moves the progress bar and notes the accuracy on the test images, unseen in training."""

    def __init__(self, test, advance):
        super().__init__()
        self.test = test
        self.advance = advance
        self.test_curve = []

    def on_epoch_end(self, epoch, logs=None):
        """Runs after each epoch."""
        self.test_curve.append(accuracy(self.model, self.test.images, self.test.labels))
        self.advance()


def noisy(labels, seed):
    """Returns the labels with a share of them replaced at random."""
    generator = np.random.default_rng(seed)
    replaced = generator.random(len(labels)) < WRONG_LABELS
    return np.where(replaced, generator.integers(0, 10, len(labels)), labels)


def accuracy(model, images, labels):
    """Returns the share of images that the model labels as given."""
    predicted = model.predict_on_batch(images).argmax(axis=-1)
    return float(np.mean(predicted == labels))


def build(regularized):
    """Returns the compiled network."""
    penalty = kerasreg.regularizers.L2(1e-4) if regularized else None
    layers = [
        keras.Input((8, 8, 1)),
        keras.layers.Rescaling(1 / LARGEST_PIXEL),
        keras.layers.Flatten(),
    ]
    for _ in range(2):
        layers.append(keras.layers.Dense(HIDDEN_UNITS, "relu", kernel_regularizer=penalty))
        if regularized:
            layers.append(kerasreg.layers.Dropout(0.5))
    model = keras.Sequential([*layers, keras.layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(data, seed, regularized, epochs, advance):
    """Trains one network and returns its `Run`."""
    keras.utils.set_random_seed(seed)
    images = data.train.images[:TRAINING_IMAGES]
    labels = noisy(data.train.labels[:TRAINING_IMAGES], seed)
    validation = (data.validation.images, noisy(data.validation.labels, seed + 1))
    batches = tf.data.Dataset.from_tensor_slices((images, labels))
    batches = batches.shuffle(TRAINING_IMAGES, seed=seed).batch(BATCH)
    watcher = EpochWatcher(data.test, advance)
    callbacks = [watcher]
    if regularized:
        augment = kerasreg.augment.Augmenter(
            [
                kerasreg.augment.Rotate(max_degrees=15),
                kerasreg.augment.Shift(0.1, 0.1),
            ],
            seed=seed,
        )
        batches = augment(batches)
        callbacks.append(kerasreg.callbacks.EarlyStopping("val_accuracy", patience=PATIENCE))
    model = build(regularized)
    history = model.fit(
        batches.repeat().prefetch(2),  # one iterator for all epochs: a new one costs time
        steps_per_epoch=math.ceil(TRAINING_IMAGES / BATCH),
        validation_data=validation,
        validation_batch_size=len(data.validation),
        epochs=epochs,
        shuffle=False,
        callbacks=callbacks,
        verbose=0,
    )
    return Run(
        train_accuracy=accuracy(model, images, labels),
        test_accuracy=accuracy(model, data.test.images, data.test.labels),
        curves={"train": history.history["accuracy"], "test": watcher.test_curve},
    )


def table(runs):
    """Returns the result as a table: means over the seeds, and standard deviations."""
    result = Table("", "train accuracy", "test accuracy", "gap", "epochs")
    for name, of_name in runs.items():
        columns = ("train_accuracy", "test_accuracy", "gap")
        cells = [spread([getattr(run, column) for run in of_name]) for column in columns]
        result.add_row(name, *cells, f"{statistics.mean(run.epochs for run in of_name):.0f}")
    return result


def spread(values):
    """Returns the mean and the standard deviation as text."""
    if len(values) == 1:
        return f"{values[0]:.3f}"
    return f"{statistics.mean(values):.3f} ± {statistics.stdev(values):.3f}"


def draw(runs, path):
    """Writes the learning curves of the first seed, and each seed's final test accuracy."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(runs), figsize=(10, 4), sharey=True, layout="constrained")
    for axis, (name, of_name) in zip(axes, runs.items(), strict=True):
        for run in of_name:
            epochs = range(1, run.epochs + 1)
            first = run is of_name[0]
            axis.plot(epochs, run.curves["train"], "C1", label="training labels" if first else None)
            axis.plot(epochs, run.curves["test"], "C0", label="test labels" if first else None)
        final = statistics.mean(run.test_accuracy for run in of_name)
        axis.axhline(final, color="C0", linestyle=":", label=f"test, final weights: {final:.3f}")
        axis.set(title=name, xlabel="epoch", ylim=(0, 1.02))
        axis.legend(loc="lower right")
    axes[0].set_ylabel("accuracy")
    figure.suptitle(
        "8x8 digits, 600 training images, 30 % of the training labels replaced at random"
    )
    figure.savefig(path, dpi=120)


def verdict(runs):
    """Returns one sentence on whether regularization won by more than the spread."""
    plain, regularized = ([run.test_accuracy for run in of_name] for of_name in runs.values())
    gain = statistics.mean(regularized) - statistics.mean(plain)
    if len(plain) == 1:
        return f"One seed: {gain:+.3f} in test accuracy; several seeds would show the spread."
    noise = max(statistics.stdev(plain), statistics.stdev(regularized))
    word = "more" if gain > noise else "NOT more"
    return (
        f"Regularization gains {gain:+.3f} in test accuracy, {word} than the spread ({noise:.3f})."
    )


def arguments():
    """Returns the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each network")
    parser.add_argument("--figure", type=Path, default=Path("quickstart.png"))
    parser.add_argument("--smoke", action="store_true", help="one seed, two epochs: does it run?")
    return parser.parse_args()


def main():
    options = arguments()
    console = Console()
    begin = time.perf_counter()
    seeds = 1 if options.smoke else options.seeds
    epochs = {
        "plain": 2 if options.smoke else PLAIN_EPOCHS,
        "regularized": 2 if options.smoke else MOST_EPOCHS,
    }
    devices = ", ".join(device.name for device in tf.config.list_logical_devices())
    console.print(f"Devices: {devices}", highlight=False)
    console.print(" ".join(__doc__.split("\n\n")[1].split()) + "\n", highlight=False)
    data = kerasreg.datasets.load("digits")
    runs = {name: [] for name in epochs}
    with Progress(console=console) as progress:
        bar = progress.add_task("training", total=seeds * sum(epochs.values()))
        done = 0
        for seed in range(seeds):
            for name, most in epochs.items():
                runs[name].append(
                    train(data, seed, name == "regularized", most, lambda: progress.advance(bar))
                )
                done += most
                progress.update(bar, completed=done)
    draw(runs, options.figure)
    console.print(table(runs))
    console.print(verdict(runs), highlight=False)
    console.print(f"Learning curves: {options.figure}. {time.perf_counter() - begin:.0f} s.")


if __name__ == "__main__":
    main()
