"""Averages of the weights, in place of the weights, wherever these are used."""

import math
import os
import warnings
from typing import Any

import keras

from kerasreg import _checks
from kerasreg._register import register
from kerasreg.callbacks._folder import checked_folder
from kerasreg.callbacks.averaging._averaged_training import AveragedTraining
from kerasreg.callbacks.averaging._backups import refuse_backups
from kerasreg.callbacks.averaging._learning_rate import RateControl, checked_rate, cyclic_rate
from kerasreg.callbacks.averaging._saved_averages import SavedAverages
from kerasreg.callbacks.averaging._statistics import (
    NewStatistics,
    checked_data,
    from_config,
    in_config,
)
from kerasreg.callbacks.averaging._step_counter import StepCounter

_OF_ONE_KIND = {"ema": ("decay", "warmup"), "swa": ("learning_rate",)}


@register
class WeightAveraging(keras.callbacks.Callback):
    """Weight averaging (EMA, SWA).

    Keeps an average a of the weights w that training goes through. With the t-th of them, counted
    from 0:

        a = w                                                    for t = 0
        a = a + (1 - min(decay, (1 + t) / (10 + t))) (w - a)     kind "ema"
        a = a + (w - a) / (t + 1)                                kind "swa"

    so that `"ema"` is an exponential moving average that follows quickly at first (`warmup`), and
    `"swa"` the mean of all. What is not trained, such as moving statistics, is averaged alike;
    half precision is averaged in float32.

    The averages take the place of the weights in the validation of `fit`, in `evaluate` and
    `predict` with this callback among `callbacks`, in `on_epoch_end` of the callbacks behind this
    one in the list (`ModelCheckpoint`, say), and in the end. kerasreg's `EarlyStopping` and
    `BestCheckpoint` use them wherever they stand. Training goes on with its own weights, bit for
    bit as without the callback, as long as `learning_rate` is None. After an exception in `fit`,
    `averaging.restore()` gives the averages to the model.

    With an optimizer that averages as well (`use_ema=True`), this callback has the last word.
    Callbacks that save the training itself must stand before this one; `BackupAndRestore` is
    refused elsewhere.

    It warns if training ends before anything was averaged (`start_epoch`, `every_steps`).

    A second `fit` begins a new average, unless `snapshot_dir` has one that was saved at the step
    that the optimizer is at: then the training goes on with it, and after a `fit` that ran to its
    end, with the training's own weights, which it replaced. So does a process that was
    killed and is started again, if something else restores model and optimizer, such as
    `keras.callbacks.BackupAndRestore` with its `save_freq="epoch"` (which forgets them at the end
    of `fit`, unless `delete_checkpoint=False`). Averages of another step are an error.

    Stochastic weight averaging runs with a high learning rate, constant or falling in cycles at
    whose ends the weights are taken, and sets batch normalization's statistics to those of data
    before the averages are used, by one pass over `batch_norm_data`.

    Differs from SWA's paper in nothing known. The moving average begins with the weights after its
    first step, not with those before it, as in TensorFlow.

    Attributes:
        updates: How many times weights were averaged in the last `fit`.

    Args:
        kind: `"ema"` or `"swa"`. Defaults to `"ema"`.
        decay: Share of the average that an update keeps, at least 0 and below 1. Defaults to None,
            for `"ema"` 0.999.
        warmup: Whether updates keep at most (1 + t) / (10 + t). Defaults to None, for `"ema"` True.
        start_epoch: First epoch that is averaged, counted from 0 as in Keras. Defaults to None:
            0 for `"ema"`, and for `"swa"` three quarters of the `epochs` of `fit`.
        every_steps: Steps between two updates, from the first one averaged on; a multiple of the
            model's `steps_per_execution`. Defaults to None: 1 for `"ema"`, and for `"swa"` the
            steps of an epoch.
        learning_rate: Rate while weights are averaged, for `"swa"`: a float above 0, or a pair
            `(low, high)` between which it falls linearly in every `every_steps` steps; afterwards
            the optimizer has its own again. Defaults to None, which leaves it alone.
        batch_norm_data: Training inputs for the statistics of batch normalization, as
            `kerasreg.models.reestimate_batch_norm` takes them, but no iterator (arrays are cut into
            batches of 128). Needed for `"swa"` if the model has such layers; a few thousand
            examples do. Defaults to None; `"ema"` then averages the statistics.
        batch_norm_steps: Number of batches to use, at least 1. Defaults to None, all of them.
        snapshot_dir: Folder in which the averages are saved after each epoch, in two files that
            are whole whenever the process is killed. Defaults to None: they are not.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument has a wrong value, or one that is of no use to this kind; in
            `fit`, if it does not go with the model, its optimizer or the other callbacks.

    Example:
        >>> import keras, kerasreg
        >>> dense = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
        >>> model = keras.Sequential([keras.Input((1,)), dense])
        >>> model.compile(keras.optimizers.SGD(0.25), "mse")
        >>> averaging = kerasreg.callbacks.WeightAveraging("swa", start_epoch=0)
        >>> x, y = keras.ops.ones((4, 1)), keras.ops.zeros((4, 1))
        >>> history = model.fit(x, y, epochs=3, verbose=0, callbacks=[averaging])
        >>> round(float(dense.kernel[0, 0]), 4), round((1 / 2 + 1 / 4 + 1 / 8) / 3, 4)
        (0.2917, 0.2917)

    Reference:
        Izmailov, Podoprikhin, Garipov, Vetrov, Wilson 2018, Averaging Weights Leads to Wider Optima
        and Better Generalization, arXiv:1803.05407. Polyak, Juditsky 1992, Acceleration of
        Stochastic Approximation by Averaging, SIAM J. Control Optim. 30. Warm-up:
        `tf.train.ExponentialMovingAverage`, whose `num_updates` is t.
    """

    def __init__(
        self,
        kind="ema",
        *,
        decay=None,
        warmup=None,
        start_epoch=None,
        every_steps=None,
        learning_rate=None,
        batch_norm_data=None,
        batch_norm_steps=None,
        snapshot_dir=None,
    ):
        super().__init__()
        self.kind = _checks.choice("kind", kind, self, ("ema", "swa"))
        self.decay = _optional(_checked_decay, "decay", decay, self)
        self.warmup = _optional(_checks.boolean, "warmup", warmup, self)
        self.start_epoch = _optional(_checks.whole, "start_epoch", start_epoch, self)
        self.every_steps = _optional(_checks.whole, "every_steps", every_steps, self, low=1)
        self.learning_rate = checked_rate(learning_rate, self)
        self.batch_norm_data = batch_norm_data
        self._data = _optional(checked_data, "batch_norm_data", batch_norm_data, self)
        self.batch_norm_steps = _optional(
            _checks.whole, "batch_norm_steps", batch_norm_steps, self, low=1
        )
        folder = checked_folder("snapshot_dir", snapshot_dir, self)
        self.snapshot_dir = folder and os.fspath(folder)
        self._refuse_useless()
        self._training: Any = None
        self._rates: Any = None

    def _refuse_useless(self) -> None:
        for kind, names in _OF_ONE_KIND.items():
            for name in names:
                value = getattr(self, name)
                if kind != self.kind and value is not None:
                    _checks.refuse(name, value, self, f"None with kind={self.kind!r}")
        if self.batch_norm_steps is not None and self.batch_norm_data is None:
            expected = "None without `batch_norm_data`"
            _checks.refuse("batch_norm_steps", self.batch_norm_steps, self, expected)

    @property
    def updates(self) -> int:
        return self._training.updates if self._training else 0

    def restore(self) -> bool:
        """Gives the averages to the model; for use after an exception in `fit`.

        Returns:
            False if there are none, or the model has got them already; it is as it was then.
        """
        return self._training is not None and self._training.settle()

    def on_train_begin(self, logs=None):
        model, self._fit_params = self.model, self.params or {}
        at_once = getattr(model, "steps_per_execution", 1)
        steps = StepCounter(self._period(at_once), self._fit_params.get("steps"))
        self._start = self._first_epoch()
        self._rates = None if self.learning_rate is None else RateControl(model, self)
        saved = SavedAverages(self.snapshot_dir) if self.snapshot_dir else None
        refuse_backups(self, exact=saved is not None)
        statistics = NewStatistics(model, self.kind, self._data, self.batch_norm_steps, self)
        self._training = AveragedTraining(model, self._share, steps, statistics, saved, self)
        self._after_epoch = False

    def _period(self, at_once: int) -> int | None:
        """Returns the steps between two updates, None for those of an epoch."""
        period = self.every_steps or (1 if self.kind == "ema" else None)
        if period is not None and period % at_once:
            expected = f"a multiple of the model's `steps_per_execution`, which is {at_once}"
            _checks.refuse("every_steps", self.every_steps, self, expected)
        if isinstance(self.learning_rate, tuple):
            if at_once > 1:
                expected = f"one rate for a model whose `steps_per_execution` is {at_once}"
                _checks.refuse("learning_rate", self.learning_rate, self, expected)
            if period is None and self._fit_params.get("steps") is None:
                fix = "The steps of an epoch, which the cycle would have, are not known."
                expected = "an integer of at least 1"
                _checks.refuse("every_steps", self.every_steps, self, expected, fix=fix)
        return period

    def _first_epoch(self) -> int:
        if self.start_epoch is not None:
            return self.start_epoch
        return 0 if self.kind == "ema" else math.floor(0.75 * self._fit_params.get("epochs", 0))

    def _share(self, t: int) -> float:
        if self.kind == "swa":
            return 1 / (t + 1)
        decay = 0.999 if self.decay is None else self.decay
        return 1 - (decay if self.warmup is False else min(decay, (1 + t) / (10 + t)))

    def on_epoch_begin(self, epoch, logs=None):
        if self._after_epoch:
            self._after_epoch = False
            self._training.leave()
        self._training.begin()
        steps = self._training.steps
        steps.begin_epoch(counts=epoch >= self._start)
        if steps.counts and isinstance(self.learning_rate, float):
            self._rates.set(self.learning_rate)

    def on_train_batch_begin(self, batch, logs=None):
        steps = self._training.steps
        if steps.counts and isinstance(self.learning_rate, tuple):
            _ = self.model  # on JAX, makes the rate that is set the one of the next step
            cycle = steps.period or steps.in_epoch
            low, high = self.learning_rate
            self._rates.set(cyclic_rate(steps.counted + 1, cycle, low, high))

    def on_train_batch_end(self, batch, logs=None):
        self._training.after_batch(batch)

    def on_test_begin(self, logs=None):
        if self._training is None:
            return
        if self.params is self._fit_params:  # an `evaluate` of another caller sets its own
            self._training.after_steps()
        self._training.enter()

    def on_test_end(self, logs=None):
        if self._training is not None:
            self._training.leave()

    def on_predict_begin(self, logs=None):
        if self._training is not None:
            self._training.enter()

    def on_predict_end(self, logs=None):
        if self._training is not None:
            self._training.leave()

    def on_epoch_end(self, epoch, logs=None):
        self._training.after_steps()
        self._training.enter()
        self._after_epoch = True

    def on_train_end(self, logs=None):
        if self._rates is not None:
            self._rates.put_back()
        self._training.end()
        if not self.updates:
            warnings.warn(
                f"WeightAveraging averaged nothing: `start_epoch` is {self._start}, and training "
                f"has ended before a step was due. The weights are as without it.",
                stacklevel=2,
            )

    def get_config(self):
        """Returns the arguments; arrays as Keras saves these."""
        names = ("kind", "decay", "warmup", "start_epoch", "every_steps")
        rate = self.learning_rate
        return {
            **{name: getattr(self, name) for name in names},
            "learning_rate": list(rate) if isinstance(rate, tuple) else rate,
            "batch_norm_data": in_config(self.batch_norm_data),
            "batch_norm_steps": self.batch_norm_steps,
            "snapshot_dir": self.snapshot_dir,
        }

    @classmethod
    def from_config(cls, config):
        """Returns a callback with the arguments that `get_config` gave."""
        data = from_config(config["batch_norm_data"])
        return cls(**{**config, "batch_norm_data": data})


def _checked_decay(name, value, owner):
    decay = _checks.fraction(name, value, owner)
    if decay == 1:
        _checks.refuse(name, value, owner, "a float value below 1, with which nothing would move")
    return decay


def _optional(check, name, value, owner, **limits):
    return None if value is None else check(name, value, owner, **limits)
