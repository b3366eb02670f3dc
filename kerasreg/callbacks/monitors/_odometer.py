"""The way that weights go, layer by layer."""

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from kerasreg._backend.compiled import compiled
from kerasreg._backend.device_copy import DeviceCopy


class Travel(NamedTuple):
    """How far the weights of a layer, or of all of them, have come, as Euclidean norms.

    Args:
        distance: ||w_t - w_0||, the straight way from the initial weights.
        path: The way gone, sum_s ||w_s - w_(s-1)||.
        bound: t max_s ||w_s - w_(s-1)||, how far t of the longest steps lead at most.
    """

    distance: float
    path: float
    bound: float


class Odometer:
    """Measures what way weights go.

    Args:
        weights: The weights of each layer, by its path.
    """

    def __init__(self, weights: dict[str, list[Any]]):
        self.paths = list(weights)
        self._counts = [len(each) for each in weights.values()]
        variables = [variable for each in weights.values() for variable in each]
        self._start, self._last = DeviceCopy(variables), DeviceCopy(variables)
        self._start.take()
        self._last.take()
        self._norms = compiled(self._lengths)
        rows = len(self.paths) + 1
        self._distance, self._path, self._longest = np.zeros((3, rows))
        self._looks = 0

    def look(self) -> None:
        """Takes note of where the weights are now."""
        now = [ops.convert_to_tensor(variable.value) for variable in self._last.variables]
        distances, steps = ops.convert_to_numpy(
            self._norms(now, self._last.buffers, self._start.buffers)
        ).astype("float64")
        self._distance = distances
        self._path = self._path + steps
        self._longest = np.maximum(self._longest, steps)
        self._looks += 1
        self._last.take()

    def travels(self) -> list[Travel]:
        """Returns the way of each layer, in the order of `paths`, and then of all together."""
        columns = (self._distance, self._path, self._looks * self._longest)
        return [Travel(*map(float, row)) for row in zip(*columns, strict=True)]

    def _lengths(self, now, last, start):
        return ops.stack([self._layer_norms(now, then) for then in (start, last)])

    def _layer_norms(self, now, then):
        pairs = iter(zip(now, then, strict=True))
        squares = [
            sum(_squared_distance(*next(pairs)) for _ in range(count)) for count in self._counts
        ]
        return ops.sqrt(ops.stack([*squares, sum(squares)]))


def _squared_distance(a, b):
    dtype = keras.backend.result_type(a.dtype, "float32")
    a, b = (ops.cast(ops.convert_to_tensor(each), dtype) for each in (a, b))
    return ops.cast(ops.sum(ops.square(a - b)), "float32")
