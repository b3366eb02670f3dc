"""A picture of a training that early stopping ends, and of the weights that it returns."""

from dataclasses import dataclass

import keras
import numpy as np
from matplotlib.figure import Figure

from kerasreg.callbacks import EarlyStopping
from kerasreg.callbacks.stopping.stopping_report import StoppingReport

EXAMPLES, WRONG, EPOCHS, PATIENCE = 100, 30, 100, 20


@dataclass(frozen=True)
class Training:
    """The curves of a training, and the loss of the weights that it ended with."""

    loss: list[float]
    val_loss: list[float]
    returned: float
    report: StoppingReport


def early_stopping() -> Figure:
    """Returns the picture: both curves, the returned epoch and the stop."""
    training = train()
    report = training.report
    best, last = (report.best_epoch or 0) + 1, len(training.val_loss)
    epochs = np.arange(1, last + 1)
    figure = Figure(figsize=(8, 4.6), layout="constrained")
    axes = figure.subplots()
    axes.plot(epochs, training.loss, color="tab:blue", label="training loss")
    axes.plot(epochs, training.val_loss, color="#e8590c", label="validation loss")
    axes.plot([best], [training.returned], "o", color="tab:green", markersize=9)
    axes.annotate(
        f"the weights of epoch {best}\nare returned",
        (best, training.returned),
        (best, training.returned - 0.32),
        ha="center",
        va="top",
        arrowprops={"arrowstyle": "->"},
    )
    axes.axvline(last, color="tab:red", linestyle="--", linewidth=1)
    axes.axvspan(best, last, color="gray", alpha=0.12, linewidth=0)
    middle = (best + last) / 2
    words = f"patience: {PATIENCE} epochs\nwithout a better value"
    axes.text(middle, 0.97, words, ha="center", va="top", transform=axes.get_xaxis_transform())
    axes.text(
        last, 0.5, " stop ", ha="right", color="tab:red", transform=axes.get_xaxis_transform()
    )
    axes.set(xlabel="epoch", ylabel="loss (cross-entropy)", ylim=(0, None), xlim=(1, None))
    axes.legend(loc="upper left", bbox_to_anchor=(0.12, 1))
    axes.grid(alpha=0.3)
    axes.set_title("Early stopping: training goes on falling, validation turns", fontsize=13)
    return figure


def train() -> Training:
    """Returns the training of a small network on a few digits, some of them with wrong labels."""
    from kerasreg.datasets import load

    data = load("digits")
    x, y = _flat(data.train.images[:EXAMPLES]), data.train.labels[:EXAMPLES].copy()
    y[:WRONG] = (y[:WRONG] + 1 + np.arange(WRONG) % 9) % 10
    validation = _flat(data.validation.images), data.validation.labels
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(128, "relu", kernel_initializer=_uniform(1)),
            keras.layers.Dense(10, kernel_initializer=_uniform(2)),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-2), loss)
    stopper = EarlyStopping(patience=PATIENCE, restore_best_weights=True)
    options = {"batch_size": 50, "epochs": EPOCHS, "shuffle": False, "verbose": 0}
    history = model.fit(x, y, validation_data=validation, callbacks=[stopper], **options).history
    returned = float(model.evaluate(*validation, batch_size=len(validation[0]), verbose=0))
    return Training(history["loss"], history["val_loss"], returned, stopper.report)


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype("float32") / 16


def _uniform(seed: int) -> keras.initializers.Initializer:
    return keras.initializers.GlorotUniform(seed=seed)
