"""What tells which class an example looks like."""

from typing import Any, Protocol

import numpy as np

from kerasreg import _checks

AT_ONCE = 256
NEAR = 0.95  # The share of a class that is as near to its nearest neighbour in it as counts.


class Judge(Protocol):
    """Says which class examples look like."""

    def look_at(self, plain: np.ndarray) -> None:
        """Takes note of the examples as they are."""

    def classes_of(self, changed: np.ndarray) -> np.ndarray:
        """Returns the class that each example looks like, in the order of the plain ones."""
        ...


class NearestNeighbours:
    """The class of the nearest other example, by squared differences, if it is near enough.

    Else the example's own: it looks like nothing else.

    Args:
        classes: The class of each example.
    """

    def __init__(self, classes: np.ndarray):
        self._classes = classes

    def look_at(self, plain: np.ndarray) -> None:
        """Takes note of the examples as they are."""
        self._points = plain.reshape(len(plain), -1).astype("float32")
        self._squares = np.square(self._points).sum(axis=1)
        same, _ = self._nearest(plain, within=True)
        self._radii = np.array(
            [
                np.quantile(same[self._classes == each], NEAR)
                if (self._classes == each).any()
                else 0
                for each in range(self._classes.max() + 1)
            ]
        )

    def classes_of(self, changed: np.ndarray) -> np.ndarray:
        """Returns the class of the nearest plain example that is another one."""
        distances, places = self._nearest(changed)
        found = self._classes[places]
        return np.where(distances <= self._radii[found], found, self._classes)

    def _nearest(self, values: np.ndarray, within: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Returns the squared distance and the place of the nearest other example."""
        count = len(self._points)
        distances, places = np.empty(count, "float32"), np.empty(count, int)
        for start in range(0, count, AT_ONCE):
            rows = np.arange(start, min(start + AT_ONCE, count))
            own = values[rows].reshape(len(rows), -1).astype("float32")
            all_ = self._squares - 2 * own @ self._points.T + np.square(own).sum(axis=1)[:, None]
            all_[np.arange(len(rows)), rows] = np.inf
            if within:
                all_[self._classes[rows][:, None] != self._classes] = np.inf
            places[rows] = all_.argmin(axis=1)
            distances[rows] = all_.min(axis=1)
        return distances, places


class Predictions:
    """The class that a model predicts.

    Args:
        model: The model.
        count: The number of classes.
    """

    def __init__(self, model: Any, count: int):
        self._model, self._count = model, count

    def look_at(self, plain: np.ndarray) -> None:
        """Needs nothing: the model knows its classes."""

    def classes_of(self, changed: np.ndarray) -> np.ndarray:
        """Returns the class of the largest output; of one output, 1 above a half."""
        scores = np.asarray(self._model.predict(changed, verbose=0))
        if scores.ndim == 2 and scores.shape[1] == 1 and self._count == 2:
            return (scores[:, 0] > 0.5).astype(int)
        if scores.ndim != 2 or scores.shape[1] < self._count:
            expected = f"a model with an output for each of {self._count} classes"
            _checks.refuse("model", scores.shape, "audit", expected)
        return scores[:, : self._count].argmax(axis=1)
