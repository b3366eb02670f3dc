"""Early stopping on wrong labels: when to stop, and what becomes of the validation data.

Data: the 1,797 handwritten digits (8x8 pixels) that come with kerasreg; or another data set of
images, of which tensorflow-datasets downloads many at the first run. 40 % of the labels for
training and validation are wrong: each is another class, drawn at random. The test labels are
right. The network, two hidden layers of 256 units, learns the classes first, and then, if nobody
stops it, the wrong labels by heart.

From the same initial weights, with the same batches, by Adam:

- no stopping: all epochs, without validation.
- Keras: its EarlyStopping validates after each epoch, with a patience of 5, and gives the best
  weights back.
- GL, PQ: kerasreg's, four times an epoch, by two of Prechelt's criteria; training is bit for bit
  the same up to the stop.
- refit, restart: then, from new weights, on training and validation data together, for as many
  steps as PQ found best.
- refit, continue: or on from the stop, until the loss on the former validation data is as low as
  the training loss was at the stop.
- hindsight: the epoch with the best test accuracy. No method can know it; none that stops the
  same training can be much better.

Measured with `--seeds 5` on a CPU, mean ± standard deviation. Steps are the cost: the seconds that
the table shows are wall-clock time with the compiling of each network, and depend on the machine.

                    test accuracy   steps of the weights   steps trained
    no stopping     0.637 ± 0.029   800 ± 0                800 ± 0
    Keras           0.934 ± 0.014    77 ± 18               157 ± 18
    GL              0.942 ± 0.013    79 ± 15               175 ± 34
    PQ              0.942 ± 0.013    79 ± 15               644 ± 168
    refit, restart  0.927 ± 0.012    79 ± 15               723 ± 180
    refit, continue 0.935 ± 0.021   214 ± 54               778 ± 103
    hindsight       0.940 ± 0.012    96 ± 16

Stopping is what matters; between the ways to stop, the differences are within the spread. PQ waits
until training makes no more progress, which it does for long by learning wrong labels. Data with
so many wrong labels, 30 % more of them, do not repay a second training.
"""

import argparse
import math
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import matplotlib as mpl
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

import kerasreg
from kerasreg.callbacks import (
    EarlyStopping,
    GeneralizationGap,
    GeneralizationLoss,
    ProgressQuotient,
)

WRONG_LABELS = 0.4
HIDDEN_UNITS = 256
LEARNING_RATE = 2e-3
BATCH = 64
VALIDATION_BATCH = 1000
VALIDATIONS_PER_EPOCH = 4
PATIENCE = 5
GL_PERCENT = 5
PQ_QUOTIENT = 1
COLOURS = {"Keras": "C1", "GL": "C2", "PQ": "C3"}


@dataclass(frozen=True)
class Task:
    """The data of one seed; the labels to train and to validate by are noisy.

    Args:
        train: Images and labels.
        validation: Images and labels.
        test: Images and labels.
        value_range: (low, high) of the pixels.
        classes: Number of classes.
        epochs: The longest training.
        seed: Seed of the noise, the weights and the batches.
    """

    train: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    value_range: tuple[float, float]
    classes: int
    epochs: int
    seed: int

    @property
    def steps_per_epoch(self) -> int:
        """Updates in an epoch without the validation data."""
        return math.ceil(len(self.train[1]) / BATCH)

    @property
    def every_steps(self) -> int:
        """Updates between two validations inside of an epoch."""
        return max(1, self.steps_per_epoch // VALIDATIONS_PER_EPOCH)


@dataclass(frozen=True)
class Run:
    """What one method gave.

    Args:
        test_accuracy: Share of the test images that the final weights get right.
        kept_step: The step whose weights are the final ones, counted on the data that they were
            trained on last.
        steps: All steps that were trained.
        seconds: Time for all of it; None if the method is none.
        stopped_step: The step of the stop, None if there was none.
        curves: For "hindsight": over the epochs, what was measured.
    """

    test_accuracy: float
    kept_step: int
    steps: int
    seconds: float | None = None
    stopped_step: int | None = None
    curves: dict[str, list[float]] | None = None


class Builder:
    """Builds networks for a task, and keeps them to count their updates."""

    def __init__(self, task):
        self.task = task
        self.models = []

    def __call__(self):
        """Returns a new, compiled network."""
        low, high = self.task.value_range
        layers = [
            keras.Input(self.task.train[0].shape[1:]),
            keras.layers.Rescaling(1 / (high - low), -low / (high - low)),
            keras.layers.Flatten(),
            keras.layers.Dense(HIDDEN_UNITS, "relu"),
            keras.layers.Dense(HIDDEN_UNITS, "relu"),
            keras.layers.Dense(self.task.classes, "softmax"),
        ]
        model = keras.Sequential(layers)
        model.compile(
            keras.optimizers.Adam(LEARNING_RATE),
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
            # On a CPU, XLA takes longer to compile this network than to train it.
            jit_compile=bool(tf.config.list_physical_devices("GPU")),
        )
        self.models.append(model)
        return model

    @property
    def steps(self):
        """The updates of all networks."""
        return sum(int(model.optimizer.iterations.numpy()) for model in self.models)


class TestCurve(keras.callbacks.Callback):
    """Notes the accuracy on the test images, unseen in training, after each epoch."""

    def __init__(self, test):
        super().__init__()
        self.test = test
        self.accuracy = []

    def on_epoch_end(self, epoch, logs=None):
        """Runs after each epoch."""
        self.accuracy.append(accuracy(self.model, *self.test))


def noisy(labels, classes, seed):
    """Returns the labels, a share of them replaced by another class each."""
    generator = np.random.default_rng(seed)
    wrong = generator.random(len(labels)) < WRONG_LABELS
    return np.where(wrong, (labels + generator.integers(1, classes, len(labels))) % classes, labels)


def accuracy(model, images, labels):
    """Returns the share of images that the model labels as given."""
    scores = keras.ops.convert_to_numpy(model(images, training=False))
    return float(np.mean(scores.argmax(axis=-1) == labels))


def batches(images, labels):
    """Returns a data set to validate with; from arrays, Keras would make one each time."""
    return tf.data.Dataset.from_tensor_slices((images, labels)).batch(VALIDATION_BATCH)


def make_task(data, images, epochs, seed):
    """Returns the `Task` of a seed, with that many training images at most."""
    classes = len(data.class_names)
    train = data.train.images[:images], noisy(data.train.labels[:images], classes, seed)
    held_out = math.ceil(len(train[1]) * 0.3)
    labels = noisy(data.validation.labels[:held_out], classes, seed + 1_000_000)
    validation = data.validation.images[:held_out], labels
    test = data.test.images, data.test.labels
    return Task(train, validation, test, data.value_range, classes, epochs, seed)


def fit(build, callbacks=(), **arguments):
    """Trains a new network on the training images and returns it with Keras' history."""
    task, model = build.task, build()
    history = model.fit(
        *task.train,
        batch_size=BATCH,
        epochs=task.epochs,
        callbacks=list(callbacks),
        verbose=0,
        **arguments,
    )
    return model, history


def no_stopping(build):
    """Trains to the end."""
    model, _ = fit(build)
    return model, build.steps, None


def keras_stopping(build):
    """Stops as Keras does."""
    stopper = keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True)
    model, _ = fit(build, [stopper], validation_data=batches(*build.task.validation))
    stopped = build.steps if stopper.stopped_epoch else None
    return model, (stopper.best_epoch + 1) * build.task.steps_per_epoch, stopped


def gl_stopping(build):
    """Stops inside of an epoch, once the validation loss has risen by so many percent."""
    return stopping(build, GeneralizationLoss(GL_PERCENT))


def pq_stopping(build):
    """Stops inside of an epoch, once it rises faster than training progresses."""
    return stopping(build, ProgressQuotient(PQ_QUOTIENT))


def stopping(build, criterion):
    """Stops as kerasreg does, by a criterion."""
    task = build.task
    stopper = EarlyStopping(
        criterion=criterion,
        every_steps=task.every_steps,
        validation_data=batches(*task.validation),
    )
    model, _ = fit(build, [stopper])
    return model, stopper.report.best_step, stopper.report.stopped_step


def refit_restart(build):
    """Finds the number of steps by PQ, then trains anew on all data."""
    return refit(build, "restart")


def refit_continue(build):
    """Stops by PQ, then goes on with all data."""
    return refit(build, "continue")


def refit(build, strategy):
    """Trains on all data after early stopping by PQ."""
    task = build.task
    found = kerasreg.models.refit(
        build,
        task.train,
        EarlyStopping(criterion=ProgressQuotient(PQ_QUOTIENT), every_steps=task.every_steps),
        strategy,
        validation_data=task.validation,
        epochs=task.epochs,
        batch_size=BATCH,
    )
    kept = found.steps if strategy == "restart" else found.found_steps + found.steps
    return found.model, kept, found.reports[0].stopped_step


METHODS: dict[str, Callable[[Builder], tuple[Any, int, int | None]]] = {
    "no stopping": no_stopping,
    "Keras": keras_stopping,
    "GL": gl_stopping,
    "PQ": pq_stopping,
    "refit, restart": refit_restart,
    "refit, continue": refit_continue,
}


def run_method(name, task):
    """Runs a method and returns its `Run`."""
    keras.utils.set_random_seed(task.seed)
    build = Builder(task)
    begin = time.perf_counter()
    model, kept, stopped = METHODS[name](build)
    seconds = time.perf_counter() - begin
    return Run(accuracy(model, *task.test), kept, build.steps, seconds, stopped)


def watch(task):
    """Trains to the end and looks on; returns the `Run` of "hindsight", with the curves."""
    keras.utils.set_random_seed(task.seed)
    build = Builder(task)
    gap, test = GeneralizationGap(batches(*task.train)), TestCurve(task.test)
    fit(build, [gap, test], validation_data=batches(*task.validation))
    best = int(np.argmax(test.accuracy))
    curves = {
        "training loss": gap.curves["loss"].train,
        "validation loss": gap.curves["loss"].validation,
        "training labels": gap.curves["accuracy"].train,
        "test labels": test.accuracy,
    }
    return Run(test.accuracy[best], (best + 1) * task.steps_per_epoch, build.steps, curves=curves)


def table(runs):
    """Returns the result as a table: means over the seeds, and standard deviations."""
    result = Table("", "test accuracy", "steps of the weights", "steps trained", "seconds")
    for name, of_name in runs.items():
        cells = [spread([run.test_accuracy for run in of_name], ".3f")]
        cells.append(spread([run.kept_step for run in of_name], ".0f"))
        if of_name[0].seconds is None:
            cells += ["", ""]
        else:
            cells.append(spread([run.steps for run in of_name], ".0f"))
            cells.append(spread([run.seconds for run in of_name], ".1f"))
        result.add_row(name, *cells)
    return result


def spread(values, form):
    """Returns the mean and the standard deviation as text."""
    mean = format(statistics.mean(values), form)
    return mean if len(values) == 1 else f"{mean} ± {format(statistics.stdev(values), form)}"


def verdict(runs):
    """Returns what each method changes against no stopping, seed by seed, in a sentence."""
    plain = [run.test_accuracy for run in runs["no stopping"]]
    gains = {}
    for name in METHODS:
        changes = [run.test_accuracy - p for run, p in zip(runs[name], plain, strict=True)]
        gains[name] = f"{name} {spread(changes, '+.3f')}"
    del gains["no stopping"]
    return f"Change in test accuracy against no stopping: {'; '.join(gains.values())}."


def draw(task, runs, path):
    """Writes the curves and the stops of the first seed, and the test accuracies of all."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure = plt.figure(figsize=(12, 6), layout="constrained")
    panels = figure.subplot_mosaic([["loss", "methods"], ["accuracy", "methods"]])
    draw_curves(task, runs, panels["loss"], panels["accuracy"])
    for place, (name, of_name) in enumerate(reversed(runs.items())):
        values = [run.test_accuracy for run in of_name]
        panels["methods"].plot(values, [place] * len(values), "o", color=COLOURS.get(name, "C7"))
        panels["methods"].plot(statistics.mean(values), place, "k|", markersize=16)
    panels["methods"].set_yticks(range(len(runs)), reversed(runs))
    panels["methods"].set(xlabel="test accuracy", title="seeds, and their mean")
    panels["methods"].grid(axis="x", alpha=0.3)
    figure.suptitle(f"{len(task.train[1])} training images, {WRONG_LABELS:.0%} of the labels wrong")
    figure.savefig(path, dpi=120)


def draw_curves(task, runs, loss, shares):
    """Draws the training of the first seed, had nobody stopped it, and the stops."""
    curves = runs["hindsight"][0].curves
    steps = task.steps_per_epoch * np.arange(1, task.epochs + 1)
    for axes, name, colour in (
        (loss, "training loss", "C7"),
        (loss, "validation loss", "C0"),
        (shares, "training labels", "C7"),
        (shares, "test labels", "C0"),
    ):
        axes.plot(steps, curves[name], colour, label=name)
    for name, colour in COLOURS.items():
        run = runs[name][0]
        for axes in (loss, shares):
            axes.axvline(run.kept_step, color=colour, label=f"{name}: best")
            if run.stopped_step is not None:
                axes.axvline(run.stopped_step, color=colour, linestyle=":", label=f"{name}: stop")
    loss.set(ylabel="loss", title="first seed")
    shares.set(ylabel="accuracy", xlabel="step", ylim=(0, 1.02))
    loss.legend(fontsize="small", ncols=2, loc="upper left")
    shares.legend(*(part[:2] for part in shares.get_legend_handles_labels()), fontsize="small")


def arguments():
    """Returns the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", default="digits", help="or mnist, fashion_mnist, cifar10, ...")
    parser.add_argument("--data-dir", type=Path, help="prepared data of tensorflow-datasets")
    parser.add_argument("--images", type=int, default=5000, help="training images at most")
    parser.add_argument("--epochs", type=int, default=50, help="the longest training")
    parser.add_argument("--seeds", type=int, default=3, help="trainings by each method")
    parser.add_argument("--figure", type=Path, default=Path("early_stopping_noisy_labels.png"))
    parser.add_argument("--smoke", action="store_true", help="one seed, two epochs: does it run?")
    options = parser.parse_args()
    if options.smoke:
        options.images, options.epochs, options.seeds = 300, 2, 1
    return options


def main():
    options = arguments()
    console = Console()
    begin = time.perf_counter()
    devices = ", ".join(device.name for device in tf.config.list_logical_devices())
    console.print(f"Devices: {devices}", highlight=False)
    console.print(" ".join(__doc__.split("\n\n")[1].split()) + "\n", highlight=False)
    data = kerasreg.datasets.load(options.data, data_dir=options.data_dir)
    tasks = [make_task(data, options.images, options.epochs, s) for s in range(options.seeds)]
    runs = {name: [] for name in (*METHODS, "hindsight")}
    with Progress(console=console) as progress:
        bar = progress.add_task("training", total=len(tasks) * len(runs))
        for task in tasks:
            for name in METHODS:
                runs[name].append(run_method(name, task))
                progress.advance(bar)
            runs["hindsight"].append(watch(task))
            progress.advance(bar)
    draw(tasks[0], runs, options.figure)
    console.print(table(runs))
    console.print(verdict(runs), highlight=False)
    console.print(f"Curves: {options.figure}. {time.perf_counter() - begin:.0f} s.")


if __name__ == "__main__":
    main()
