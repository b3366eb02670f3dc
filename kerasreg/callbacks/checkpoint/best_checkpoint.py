"""A file that always holds the best model so far."""

import math
import os
from pathlib import Path
from typing import Any

import keras

from kerasreg import _checks
from kerasreg._backend.running_fit import running_fit
from kerasreg._backend.weight_averages import averages_in
from kerasreg._register import register
from kerasreg.callbacks._atomic_file import remove_partial, replacing
from kerasreg.callbacks._monitor import Monitor
from kerasreg.callbacks._say import say
from kerasreg.callbacks.checkpoint._record import read_record, write_record

_SUFFIXES = (".keras", ".weights.h5")


@register
class BestCheckpoint(keras.callbacks.Callback):
    """Checkpoint of the best model.

    Saves the model after each epoch whose watched value is better than that of the file that is
    there, and at no other time: not if the value is missing (`validation_freq`), NaN, infinite or
    merely equal. The file is written beside the old one and takes its place by one renaming, so
    that it is whole whenever the process is killed, and an error while saving leaves the old one.
    It says itself what its value is: another process, or a second `fit`, goes on from there. To
    begin anew, remove it.

    What is saved is what was validated: with `WeightAveraging` the averages, in whichever order
    the callbacks stand. The file is an ordinary one: `keras.saving.load_model` and
    `Model.load_weights` read it.

    It takes the place of `keras.callbacks.ModelCheckpoint(..., save_best_only=True)`, which saves
    over the best file where the value is missing or at first not finite, in a new process, and
    with a wrong `monitor` after every epoch, and which writes into the file that is there.

    Attributes:
        best: The value of the file, None if there is none.
        best_epoch: The epoch that the file is of, counted from 0, None if there is none.

    Args:
        path: The file: `.keras` for the whole model, `.weights.h5` for the weights (with those of
            the optimizer). Its folder is made where it is missing.
        monitor: Name of the value to watch, as in the logs of `fit`. Defaults to `"val_loss"`.
        mode: `"min"` or `"max"`; `"auto"` minimises losses and asks metrics. Defaults to `"auto"`.
        threshold: Value that must be beaten for a file to be written at all. Defaults to None.
        verbose: 1 prints a line for each file written. Defaults to 0.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument has a wrong value; in `fit`, if `monitor` is not among the logs,
            if `mode="auto"` cannot know whether to minimise it, or if there is a file already that
            does not tell its value of `monitor`, or has the best in the other direction, and would
            be lost.

    Example:
        >>> import keras, kerasreg, os, tempfile
        >>> import numpy as np
        >>> path = os.path.join(tempfile.mkdtemp(), "best.weights.h5")
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> checkpoint = kerasreg.callbacks.BestCheckpoint(path, "loss")
        >>> x, y = np.ones((4, 2)), np.ones(4)
        >>> history = model.fit(x, y, epochs=3, verbose=0, callbacks=[checkpoint])
        >>> checkpoint.best == min(history.history["loss"]), os.listdir(os.path.dirname(path))
        (True, ['best.weights.h5'])

    Reference:
        Goodfellow, Bengio, Courville 2016, Deep Learning, algorithm 7.1, MIT Press.
    """

    def __init__(self, path, monitor="val_loss", *, mode="auto", threshold=None, verbose=0):
        super().__init__()
        _checks.instance("path", path, self, (str, os.PathLike), "the path of a file")
        self.path = os.fspath(path)
        expected = "a path that ends in " + " or ".join(map(repr, _SUFFIXES))
        if not Path(self.path).name.endswith(_SUFFIXES) or Path(self.path).name in _SUFFIXES:
            _checks.refuse("path", path, self, expected)
        if "{" in self.path:
            fix = "The best model has one file: leave out what is in braces."
            _checks.refuse("path", path, self, "the path of one file", fix=fix)
        self.monitor = _checks.instance("monitor", monitor, self, str, "the name of a metric")
        self.mode = mode
        self._watched = Monitor(monitor, mode, self)
        if threshold is not None:
            threshold = _checks.number("threshold", threshold, self)
        self.threshold = threshold
        self.verbose = _checks.choice("verbose", verbose, self, (0, 1, False, True))
        self.best: float | None = None
        self.best_epoch: int | None = None
        self._direction_of_file: Any = None
        self._validates: bool | None = None

    def on_train_begin(self, logs=None):
        self._watched.start_afresh()
        fit = running_fit(self.model)
        self._validates = fit.validates if fit else None
        remove_partial(self.path)
        self._remember()

    def _remember(self) -> None:
        self.best, self.best_epoch, self._direction_of_file = None, None, None
        path = Path(self.path)
        if path.is_dir():
            _checks.refuse("path", self.path, self, "the path of a file, not of a folder")
        if not path.exists():
            return
        record = read_record(path)
        if record is None or record["monitor"] != self.monitor:
            expected = f"a file that says what its {self.monitor!r} is, or none"
            says = f"It says {record['monitor']!r}." if record else "It says nothing."
            _checks.refuse("path", self.path, self, expected, fix=f"{says} Move it away.")
        self.best, self.best_epoch = record["value"], record["epoch"]
        self._direction_of_file = record.get("direction")
        if self.mode != "auto":
            self._refuse_other_direction(self.mode)

    def _refuse_other_direction(self, direction: str) -> None:
        if self._direction_of_file not in (None, direction):
            words = {"min": "lowest", "max": "highest"}
            expected = f"a file with the {words[direction]} {self.monitor!r}, or none"
            fix = f"It has the {words[self._direction_of_file]}. Move it away."
            _checks.refuse("path", self.path, self, expected, fix=fix)

    def on_epoch_end(self, epoch, logs=None):
        measured = self._watched.read(logs or {}, self._validates, self.model)
        if measured is None:
            return
        self._refuse_other_direction(self._watched.direction)
        if not self._improves(measured.value):
            return
        record = {
            "monitor": self.monitor,
            "direction": self._watched.direction,
            "value": measured.value,
            "epoch": epoch,
        }
        with replacing(self.path) as partial:
            self._write(partial)
            write_record(partial, record)
        best = f"{self.monitor} {measured.value:.6g}"
        say(f"Epoch {epoch + 1}: {best}, saved to {self.path}", self.verbose)
        self.best, self.best_epoch = measured.value, epoch
        self._direction_of_file = self._watched.direction

    def _improves(self, value: float) -> bool:
        if not math.isfinite(value):
            return False
        sign = 1 if self._watched.direction == "min" else -1
        bars = [bar for bar in (self.best, self.threshold) if bar is not None]
        return all(sign * value < sign * bar for bar in bars)

    def _write(self, path: Path) -> None:
        model: Any = self.model
        with averages_in(model):
            if path.suffix == ".keras":
                model.save(path)
            else:
                model.save_weights(path)

    def get_config(self):
        """Returns the arguments."""
        names = ("path", "monitor", "mode", "threshold", "verbose")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config):
        """Returns a callback with the arguments that `get_config` gave."""
        return cls(**config)
