"""How far training has carried the weights, and the L2 penalty that the same time stands for."""

import math
from typing import Any

import keras
from keras import ops

from kerasreg import _checks
from kerasreg._backend.every_layer import own_weights
from kerasreg._register import register
from kerasreg._where import layers_where
from kerasreg.callbacks.monitors._odometer import Odometer, Travel

DISTANCE = "weight_distance"
BOUND = "weight_distance_bound"
EQUIVALENT = "equivalent_l2"


@register
class WeightDistance(keras.callbacks.Callback):
    """Distance of the weights from where they began, against its bound.

    After t updates of plain gradient descent with learning rate eta, whose gradients were no longer
    than tau, no weight can be farther from its initial value than eta t tau: that is how early
    stopping bounds the space that training explores. An update is as long as eta times its
    gradient, so that the bound can be had from the updates, whatever the optimizer:

        ||w_t - w_0||  <=  sum_s ||w_s - w_(s-1)||  <=  t max_s ||w_s - w_(s-1)||  =  eta t tau

    where the equality is that of plain gradient descent. For a quadratic loss, gradient descent
    from zero, stopped after t updates, gives nearly what the penalty alpha/2 ||w||^2 gives at the
    minimum, with alpha ~ 1 / (eta t): `equivalent_l2` is alpha / 2, the factor for
    `kerasreg.regularizers.L2`. In each direction of the loss' curvature the coefficients of the two
    differ by a factor between 1 and 1.3, if eta is small. With momentum or an adaptive optimizer
    it is no more than an order of magnitude; with an initial point other than zero it is the
    penalty on the distance from there, `kerasreg.regularizers.L2SP`.

    The logs of each epoch get `"weight_distance"` and `"weight_distance_bound"`, of all weights in
    one vector, and `"equivalent_l2"`, and so `History`, `TensorBoard` and other callbacks that come
    after this one. `travels` has each layer's. Trainable weights count. A second `fit` measures
    from the weights that it begins with.

    It holds two more copies of the weights, and reads them all after a batch: measure every some
    steps where that is too slow.

    Differs from the book, which has the bound with the norm of the gradient and the equivalence for
    a fixed learning rate: here a rate that changes enters by its sum over the updates.

    Attributes:
        travels: A dict from the path of each layer to its list of `Travel`s, after each epoch.
        total: The same for all layers together, a list.
        learning_rates: The sum of the learning rates of all updates, after each epoch.

    Args:
        where: Which layers: a glob for their names, or for their paths if it has a slash
            (`"dense_*"`, `"encoder/*"`; `*` also stands for slashes); a compiled regular
            expression, searched for in the path; a class; a layer; a function of a layer; or a list
            of these, of which any is enough. Defaults to None, all of them.
        every_steps: After how many batches the weights are looked at, an integer of at least 1.
            With more than one, or with `steps_per_execution`, what lies between counts as one
            update, which makes the bound tighter and the path shorter. Defaults to 1.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `every_steps` is below 1; in `fit`, if the model has no layer with
            trainable weights or none that `where` matches.

    Example:
        >>> import keras, kerasreg
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="dense")])
        >>> model.compile(keras.optimizers.SGD(0.1), "mse")
        >>> monitor = kerasreg.callbacks.WeightDistance()
        >>> x, y = keras.ops.ones((4, 2)), keras.ops.ones((4, 1))
        >>> history = model.fit(x, y, batch_size=2, epochs=2, verbose=0, callbacks=[monitor])
        >>> last = monitor.travels["dense"][-1]
        >>> last.path < last.bound  # the gradients shrink
        True
        >>> round(history.history["equivalent_l2"][-1], 3)  # 1 / (2 * 4 updates * 0.1)
        1.25

    Reference:
        Goodfellow, Bengio, Courville 2016, Deep Learning, MIT Press, section 7.8. The factor of
        1.3: Ali, Kolter, Tibshirani 2019, A Continuous-Time View of Early Stopping for Least
        Squares, arXiv:1810.10082.
    """

    def __init__(self, where=None, *, every_steps=1):
        super().__init__()
        self.where = where
        self.every_steps = _checks.whole("every_steps", every_steps, self, low=1)
        self._start_afresh()

    def _start_afresh(self) -> None:
        self.travels: dict[str, list[Travel]] = {}
        self.total: list[Travel] = []
        self.learning_rates: list[float] = []
        self._odometer: Any = None
        self._rate_sum = 0.0

    def on_train_begin(self, logs=None):
        self._start_afresh()
        self._odometer = Odometer(_weights(self.model, self.where, self))
        self.travels = {path: [] for path in self._odometer.paths}
        self._updates = _number(self.model.optimizer.iterations)
        self._next = 0

    def on_train_batch_begin(self, batch, logs=None):
        if batch >= self._next:
            self._rate = _number(self.model.optimizer.learning_rate)
            self._next = batch + self.every_steps

    def on_train_batch_end(self, batch, logs=None):
        if batch + 1 >= self._next:
            self._look()

    def on_epoch_end(self, epoch, logs=None):
        self._look()
        self._next = 0
        *layers, total = self._odometer.travels()
        for path, travel in zip(self._odometer.paths, layers, strict=True):
            self.travels[path].append(travel)
        self.total.append(total)
        self.learning_rates.append(self._rate_sum)
        if logs is not None:
            logs[DISTANCE], logs[BOUND] = total.distance, total.bound
            logs[EQUIVALENT] = 0.5 / self._rate_sum if self._rate_sum > 0 else math.inf

    def on_train_end(self, logs=None):
        self._odometer = None

    def _look(self) -> None:
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()
        updates = _number(self.model.optimizer.iterations)
        if updates > self._updates:
            self._odometer.look()
            self._rate_sum += self._rate * (updates - self._updates)
            self._updates = updates

    def get_config(self):
        """Returns the arguments."""
        return {"where": self.where, "every_steps": self.every_steps}

    @classmethod
    def from_config(cls, config):
        """Returns a callback with the arguments that `get_config` gave."""
        return cls(**config)


def _number(variable):
    return float(ops.convert_to_numpy(variable))


def _weights(model, where, owner):
    """Returns the trainable weights of each layer that is meant, each weight once."""
    trainable = {id(variable) for variable in model.trainable_variables}

    def trained(layer):
        return [variable for variable in own_weights(layer) if id(variable) in trainable]

    called = "a layer with trainable weights"
    found = layers_where(model, where, owner, of=lambda each: bool(trained(each)), called=called)
    weights: dict[str, list[Any]] = {}
    for path, layer in found:
        new = [variable for variable in trained(layer) if id(variable) in trainable]
        trainable -= {id(variable) for variable in new}
        if new:
            weights.setdefault(path, []).extend(new)
    return weights
