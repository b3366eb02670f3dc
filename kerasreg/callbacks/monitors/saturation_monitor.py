"""Saturated and dead units, and the drift of each layer's outputs, epoch by epoch."""

import numbers
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from kerasreg import _checks
from kerasreg._register import register
from kerasreg._where import loaded_where, saved_where
from kerasreg.callbacks.monitors._measurement import Measurement

MEASURES = ("saturated", "dead", "mean_drift", "variance_drift", "mean", "variance")
_LOGGED = MEASURES[:4]


@register
class SaturationMonitor(keras.callbacks.Callback):
    """Saturation monitor.

    Before training and after each epoch it sends a fixed sample through the model, as at inference,
    and measures the outputs y of each activation layer: a layer such as `ReLU`, or one with an
    `activation`, such as `Dense(8, activation="tanh")`. A unit is a channel: one of the last axis
    (of axis 1, channels first). With mean m_u and variance v_u of each unit's outputs, m'_u and
    v'_u those of the epoch before:

        saturated = share of the outputs at a flat end of the function
        dead = share of the units all of whose outputs are at the same flat end
        mean_drift = sqrt(sum_u (m_u - m'_u)**2 / sum_u v'_u)
        variance_drift = sum_u |v_u - v'_u| / sum_u v'_u

    Nothing flows back through an output at a flat end; a dead unit tells the next layer nothing.
    For ReLU the flat end is 0, so `saturated` is the share of zeros (half of them is healthy) and
    `dead` that of dying ReLUs; for sigmoid, tanh and their kin it is what is close to either end.
    Functions without a flat end (`leaky_relu`, `gelu`, `softmax`, your own) have their drift
    measured alone. The drifts are what batch normalization holds down: 1 is a change as large as
    the spread of the outputs; infinite, if there was no spread at all.

    The measures go into the logs of each epoch, as `"saturated/encoder/dense"` and so on, and so
    into the `History`, and into `TensorBoard` and other callbacks that come after this one in
    the list. `curves` has all of them, and `kerasreg.report.plot_saturation` draws them. A layer
    that is called more than once has a `"#2"` after its path for the second call, and so has the
    second of two layers with one path, in a subclassed model. Masked steps count. What is inside of
    a recurrent or time-distributed layer is left out, as are activations that are no layers
    (`keras.ops.relu` in a functional model).

    Measures mean and saturation as the paper does, on a fixed sample; the paper shows percentiles,
    and has no drift.

    Attributes:
        curves: A dict from each measure (the four above, `"mean"` and `"variance"`, averages of m_u
            and v_u) to a dict from the path of each layer to its values, one for each of `epochs`.
            The first drift is NaN.
        epochs: Epochs trained at each measurement: 0 before training, then 1, 2, ...

    Args:
        sample: Arrays in the structure of the model's inputs, some hundred examples, at least 2; or
            nested lists of numbers.
        where: Which activation layers: a glob for their names, or for their paths if it has a slash
            (`"relu_*"`, `"encoder/*"`; `*` also stands for slashes); a compiled regular expression,
            searched for in the path; a class; a layer; a function of a layer; or a list of these,
            of which any is enough. Defaults to None, all of them.
        tolerance: How close to a flat end of a smooth function counts as there, as a share of its
            range, between 0 and 0.5: with 0.05, tanh is saturated beyond -0.9 and 0.9, sigmoid
            beyond 0.05 and 0.95. Piecewise linear functions are flat exactly. Defaults to 0.05.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `sample` has less than two examples or arrays of different lengths, or if
            `tolerance` is out of range; in `fit`, if the model has no activation layer or none
            that `where` matches.

    Example:
        >>> import keras, kerasreg
        >>> hidden = keras.layers.Dense(3, activation="tanh", name="hidden")
        >>> model = keras.Sequential([keras.Input((2,)), hidden, keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> monitor = kerasreg.callbacks.SaturationMonitor([[0.0, 1.0], [100.0, 200.0]])
        >>> x, y = keras.ops.ones((4, 2)), keras.ops.ones((4, 1))
        >>> history = model.fit(x, y, epochs=2, verbose=0, callbacks=[monitor])
        >>> len(history.history["saturated/hidden"]), monitor.curves["dead"]["hidden"]
        (2, [0.0, 0.0, 0.0])

    Reference:
        Glorot, Bengio 2010, Understanding the Difficulty of Training Deep Feedforward Neural
        Networks, AISTATS, PMLR 9. Dead ReLUs: Lu, Shin, Su, Karniadakis 2019, Dying ReLU and
        Initialization, arXiv:1903.06733. Drift: Ioffe, Szegedy 2015, arXiv:1502.03167.
    """

    def __init__(self, sample, *, where=None, tolerance=0.05):
        super().__init__()
        self.sample = sample
        self._inputs = _checked_sample(sample, self)
        self.where = where
        self.tolerance = _checks.number("tolerance", tolerance, self, low=0, high=0.5)
        self._start_afresh()

    def _start_afresh(self) -> None:
        self.curves: dict[str, dict[str, list[float]]] = {measure: {} for measure in MEASURES}
        self.epochs: list[int] = []
        self._before: dict[str, np.ndarray] = {}
        self._measurement: Any = None

    def on_train_begin(self, logs=None):
        self._start_afresh()
        inputs = tree.map_structure(ops.convert_to_tensor, self._inputs)
        self._measurement = Measurement(self.model, inputs, self.where, self.tolerance, self)

    def on_epoch_begin(self, epoch, logs=None):
        if not self.epochs:
            self._measure(epoch)

    def on_epoch_end(self, epoch, logs=None):
        measured = self._measure(epoch + 1)
        if logs is not None:
            logs.update(measured)

    def on_train_end(self, logs=None):
        self._measurement = None

    def _measure(self, epoch: int) -> dict[str, float]:
        self.epochs.append(epoch)
        logs = {}
        for path, (has_ends, units) in self._measurement.take().items():
            values = _measures(units, self._before.get(path), has_ends)
            self._before[path] = units
            for measure, value in values.items():
                self.curves[measure].setdefault(path, []).append(value)
                if measure in _LOGGED:
                    logs[f"{measure}/{path}"] = value
        return logs

    def get_config(self):
        """Returns the arguments; the sample as lists, or as Keras saves arrays."""
        sample = tree.map_structure(keras.saving.serialize_keras_object, self.sample)
        return {
            "sample": sample,
            "where": saved_where(self.where),
            "tolerance": self.tolerance,
        }

    @classmethod
    def from_config(cls, config):
        """Returns a callback with the arguments that `get_config` gave."""
        sample = keras.saving.deserialize_keras_object(config["sample"])
        return cls(**{**config, "sample": sample, "where": loaded_where(config["where"])})


def _measures(units, before, has_ends):
    mean, variance, share, is_dead = units
    drifts = (np.nan, np.nan) if before is None else _drifts(units, before)
    measures = {"mean_drift": drifts[0], "variance_drift": drifts[1]}
    if has_ends:
        measures |= {"saturated": share.mean(), "dead": is_dead.mean()}
    measures |= {"mean": mean.mean(), "variance": variance.mean()}
    return {name: float(value) for name, value in measures.items()}


def _drifts(units, before):
    mean, variance = units[:2] - before[:2]
    changes = np.array([np.square(mean).sum(), np.abs(variance).sum()])
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(changes > 0, changes / before[1].sum(), 0.0)
    return np.sqrt(shares[0]), shares[1]


def _checked_sample(sample, owner):
    """Returns arrays in the structure of the sample."""
    expected = "arrays in the structure of the model's inputs, or nested lists of numbers"
    leaves = tree.flatten(sample)
    if leaves and all(isinstance(leaf, numbers.Real) for leaf in leaves):
        try:
            sample = np.asarray(sample)
        except ValueError:  # lists of different lengths
            _checks.refuse("sample", sample, owner, expected)
        dtype = keras.config.floatx() if sample.dtype.kind == "f" else "int32"
        sample = sample.astype(dtype)
        leaves = [sample]
    if not leaves or not all(hasattr(leaf, "shape") for leaf in leaves):
        _checks.refuse("sample", sample, owner, expected, error=TypeError)
    shapes = [tuple(leaf.shape) for leaf in leaves]
    sizes = {shape[0] if shape else 0 for shape in shapes}
    if len(sizes) > 1 or min(sizes) < 2:
        expected = "at least two examples, as many in each array"
        _checks.refuse("sample", f"arrays of the shapes {shapes}", owner, expected)
    return sample
