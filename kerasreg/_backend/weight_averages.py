"""Averages of a model's weights, kept on its device and moved by compiled code.

An average moves from outside of the training step, which is therefore bit for bit what it is
without: TensorFlow and JAX compile the move once, PyTorch has one operation for all weights.

Private attributes of Keras: `Model._jax_state` and `_jax_state_synced`. On JAX the weights are
there during an epoch; to write them into the variables, as `jax_state_sync` does, would cost more
at each step than the move itself.
"""

import contextlib
import math
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasreg._backend.device_copy import DeviceCopy

# Smaller tensors take XLA longer to hand over than to move.
SMALLEST_KERNEL = 16384

_attached: Any = weakref.WeakKeyDictionary()


class WeightAverages:
    """The average of each weight of a model, with what is not trained (moving statistics).

    Half precision is averaged in float32; integers, which have no average, are copied.

    Args:
        model: A built model.
        finish: What is to be done to the model each time that it has got averages which it has not
            had before; what it changes of the weights that are not trained, becomes their average.
    """

    def __init__(self, model: Any, finish: Callable[[], Any] | None = None):
        self._model: Callable[[], Any] = weakref.ref(model)
        self._finish = finish
        self._weights = list(model.weights)
        with _strategy_scope(model):
            self._variables = [_like(weight) for weight in self._weights]
        self._arrays: Any = None  # on JAX, what the variables are to hold
        self._move = _MOVES[keras.config.backend()](self._variables, self._weights, model)
        self._set_aside: Any = None
        self._depth = 0
        self._finished = finish is None

    @property
    def variables(self) -> list[Any]:
        """The averages, in the order of `Model.weights`."""
        if self._arrays is not None:
            for variable, array in zip(self._variables, self._arrays, strict=True):
                variable.assign(array)
            self._arrays = None
        return self._variables

    def by_weight(self) -> dict[int, Any]:
        """Returns the average of each weight, finished, by the weight's id."""
        if not self._finished:
            with self.in_model():
                pass
        return {id(w): v for w, v in zip(self._weights, self.variables, strict=True)}

    def move(self, share: float) -> None:
        """Moves each average towards its weight, by this share of the way."""
        self._arrays = self._move(self._arrays, share)
        self._finished = self._finish is None

    @contextlib.contextmanager
    def in_model(self) -> Iterator[None]:
        """Lets the model have the averages for its weights; afterwards it has its own again."""
        self.enter()
        try:
            yield
        finally:
            self.leave()

    def enter(self) -> None:
        """Puts the averages into the model and its own weights aside, unless that is done."""
        self._depth += 1
        if self._depth > 1:
            return
        self._synchronize()
        self._set_aside = DeviceCopy(self._weights)
        self._set_aside.take()
        self._put()

    def leave(self) -> None:
        """Ends what one call of `enter` began."""
        self._depth -= 1
        if self._depth:
            return
        self._synchronize()
        for index, weight in enumerate(self._weights):
            self._set_aside.put(index, weight)
        self._set_aside = None

    def set_aside(self) -> list[np.ndarray]:
        """Returns the model's own weights while it has the averages."""
        return [self._set_aside.array(index) for index in range(len(self._weights))]

    def settle(self) -> None:
        """Gives the averages to the model for good."""
        self._synchronize()
        self._set_aside, self._depth = None, 0
        self._put()

    def _put(self) -> None:
        for weight, average in zip(self._weights, self.variables, strict=True):
            value = ops.copy(ops.convert_to_tensor(average.value))
            weight.assign(ops.cast(value, weight.dtype))
        if self._finished:
            return
        self._finished = True
        self._finish()  # type: ignore[misc]
        for weight, average in zip(self._weights, self.variables, strict=True):
            if not weight.trainable:
                average.assign(ops.copy(ops.convert_to_tensor(weight.value)))

    def _synchronize(self) -> None:
        model = self._model()
        if hasattr(model, "jax_state_sync"):
            model.jax_state_sync()


def attach(model: Any, averages: WeightAverages) -> None:
    """Makes averages known as those of a model that is trained, as long as somebody holds them."""
    _attached[model] = weakref.ref(averages)


def detach(model: Any) -> None:
    """Forgets the averages of a model."""
    _attached.pop(model, None)


def averages_of(model: Any) -> WeightAverages | None:
    """Returns the averages that stand for a model's weights while it is trained, if it has any."""
    reference = _attached.get(model) if isinstance(model, keras.Model) else None
    return reference and reference()


def averages_in(model: Any) -> contextlib.AbstractContextManager:
    """Within it a model has the averages of its weights, if it has any; then its own again."""
    averages = averages_of(model)
    return averages.in_model() if averages else contextlib.nullcontext()


def _like(weight):
    value = ops.convert_to_tensor(weight.value)
    dtype = weight.dtype
    if keras.backend.is_float_dtype(dtype):
        dtype = keras.backend.result_type(dtype, "float32")
    value = ops.copy(ops.cast(value, dtype))
    return keras.Variable(value, dtype=dtype, trainable=False, name="average")


def _is_float(variable):
    return keras.backend.is_float_dtype(variable.dtype)


def _tensorflow_move(averages, weights, model):
    from kerasreg._backend.tensorflow import tf, xla_works

    pairs = [(a.value, w.value) for a, w in zip(averages, weights, strict=True)]
    kernels = model.distribute_strategy.num_replicas_in_sync == 1 and xla_works()
    small: list = []
    large: list = []
    others: list = []
    for average, pair in zip(averages, pairs, strict=True):
        in_kernel = kernels and math.prod(average.shape) >= SMALLEST_KERNEL
        kind = others if not _is_float(average) else large if in_kernel else small
        kind.append(pair)

    def move(some, share):
        for average, weight in some:
            step = tf.cast(weight, average.dtype) - average
            average.assign_add(tf.cast(share, average.dtype) * step)

    kernel = tf.function(lambda share: move(large, share), jit_compile=True, autograph=False)

    def move_all(share):
        move(small, share)
        for copy, weight in others:
            copy.assign(weight)
        if large:
            kernel(share)

    graph = tf.function(move_all, autograph=False)

    def run(arrays, share):
        graph(tf.constant(share, tf.float32))

    return run


def _jax_move(averages, weights, model):
    import jax

    def move(arrays, values, share):
        return [
            array + share.astype(array.dtype) * (value.astype(array.dtype) - array)
            if jax.numpy.issubdtype(array.dtype, jax.numpy.floating)
            else value + 0
            for array, value in zip(arrays, values, strict=True)
        ]

    compiled = jax.jit(move, donate_argnums=0)
    places = _places(model, weights)
    reference = weakref.ref(model)

    def run(arrays, share):
        arrays = arrays if arrays is not None else [a.value for a in averages]
        model: Any = reference()
        state = getattr(model, "_jax_state", None)
        if not state or model._jax_state_synced:
            values = [weight.value for weight in weights]
        else:
            values = [state[name][index] for name, index in places]
        return compiled(arrays, values, np.float32(share))

    return run


def _places(model, weights):
    names = ("trainable_variables", "non_trainable_variables")
    found = {id(v): (name, i) for name in names for i, v in enumerate(getattr(model, name))}
    return [found[id(weight)] for weight in weights]


def _torch_move(averages, weights, model):
    import torch

    pairs = [(a.value, w.value) for a, w in zip(averages, weights, strict=True)]
    same = [(a, w) for a, w in pairs if a.dtype == w.dtype and a.is_floating_point()]
    others = [(a, w) for a, w in pairs if a.dtype != w.dtype or not a.is_floating_point()]

    @torch.no_grad()
    def run(arrays, share):
        if same:
            torch._foreach_lerp_([a for a, _ in same], [w for _, w in same], share)
        for average, weight in others:
            if average.is_floating_point():
                average.lerp_(weight.to(average.dtype), share)
            else:
                average.copy_(weight)

    return run


_MOVES = {"tensorflow": _tensorflow_move, "jax": _jax_move, "torch": _torch_move}


def _strategy_scope(model):
    strategy = getattr(model, "distribute_strategy", None)
    return strategy.scope() if strategy is not None else contextlib.nullcontext()
