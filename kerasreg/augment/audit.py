"""Which augmentation makes which class look like which other."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from kerasreg import _checks
from kerasreg.augment import _draws, _elements
from kerasreg.augment._classes import labels_of
from kerasreg.augment._judges import Judge, NearestNeighbours, Predictions
from kerasreg.augment._strengths import scaled
from kerasreg.augment.audit_report import AuditReport, Curve
from kerasreg.augment.augmenter import Augmenter
from kerasreg.augment.operation import MIXING, Operation

_OWNER = "audit"
AT_ONCE = 256
OUTERMOST = 16  # One draw in so many, to either side of what is drawn.


def audit(
    augmenter: Augmenter,
    dataset: tf.data.Dataset,
    model: Any = None,
    *,
    examples: int = 1000,
    steps: int = 6,
    tolerance: float = 0.1,
) -> AuditReport:
    """Audit of an augmentation: which operation makes which class look like which other.

    Each operation is applied by itself, to every example, at 1/steps, 2/steps, ... of its
    strength: with draws from the outermost sixteenth to either side, turns of 26 to 30 degrees for
    instance at the half of 60. What comes out is classified: by the model, or without one by the
    nearest neighbour among the other examples. Where so many more examples of a class than without
    augmentation look like other classes, the strength is too much for it. The report says for
    which classes, proposes `limits` for them, and gives an augmenter with these limits.

    Nearest neighbours compare pixels, and count only where an example has come as close to another
    class as its own examples are to each other (95 % of them): a nine that was a six does, a
    picture that looks like nothing does not. A trained model says something of everything: train
    one without augmentation for this, and expect it to be lost where augmentation would teach it.

    Args:
        augmenter: The `kerasreg.augment.Augmenter`. What mixes examples is left out; limits that
            operations have hold.
        dataset: A `tf.data.Dataset` of examples with labels, not augmented.
        model: A Keras model that takes what the augmenter makes and returns one value for each
            class (or one for two classes), or None (the default) for nearest neighbours.
        examples: How many examples to look at, at least 2. Defaults to 1000.
        steps: How many strengths to try, at least 1. Defaults to 6.
        tolerance: Share of a class, between 0 and 1, beyond that at strength 0, that may look like
            other classes. Defaults to 0.1.

    Returns:
        A `kerasreg.augment.AuditReport`: printed, it is a table; `report.limits` are the limits
        proposed, `report.augmenter` has them, `report.plot()` is a figure.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If an argument is outside its range, or the data set has no labels or fewer
            than two classes.

    Example:
        >>> import kerasreg
        >>> augmenter = kerasreg.augment.Augmenter([kerasreg.augment.Rotate(180)], seed=1)
        >>> digits = kerasreg.datasets.load("digits").train.as_dataset(100)
        >>> report = kerasreg.augment.audit(augmenter, digits, examples=400)
        >>> report.looks_like("Rotate", 6)
        9
    """
    _checks.instance("augmenter", augmenter, _OWNER, Augmenter, "a kerasreg.augment.Augmenter")
    _checks.instance("dataset", dataset, _OWNER, tf.data.Dataset, "a tf.data.Dataset")
    examples = _checks.whole("examples", examples, _OWNER, low=2)
    steps = _checks.whole("steps", steps, _OWNER, low=1)
    tolerance = _checks.fraction("tolerance", tolerance, _OWNER)
    values, labels = _collected(augmenter, dataset, examples)
    names, classes = _classes(labels, augmenter)
    judge: Judge = NearestNeighbours(classes) if model is None else Predictions(model, len(names))
    curves = []
    for operation in _leaves(augmenter.operations):
        alone = _Alone(augmenter, operation, values, labels)
        plain = alone.changed(0.0, False)
        judge.look_at(plain)
        count = steps if operation.strengths else 1
        factors = [step / count for step in range(count + 1)]
        shares = [[_shares(judge.classes_of(plain), classes, len(names))] * 2]
        for factor in factors[1:]:
            sides = [judge.classes_of(alone.changed(factor, is_high)) for is_high in (False, True)]
            shares.append([_shares(found, classes, len(names)) for found in sides])
        curves.append(Curve(operation, tuple(factors), np.array(shares)))
    return AuditReport(augmenter, tuple(names), tuple(curves), tolerance)


def _leaves(operations: list[Operation]) -> Iterator[Operation]:
    """Yields the operations that do something themselves, once each."""
    seen: list[Operation] = []
    for operation in operations:
        inner = getattr(operation, "operations", None)
        for each in [operation] if inner is None else _leaves(inner):
            if each.kind != MIXING and each not in seen:
                seen.append(each)
                yield each


def _collected(augmenter: Augmenter, dataset: tf.data.Dataset, examples: int) -> Any:
    """Returns examples and their labels, as two arrays."""
    pipeline = augmenter._pipeline
    is_batch = pipeline.check(dataset.element_spec, None)
    spec = dataset.element_spec
    paths = _elements.paths(spec, augmenter.parts, augmenter.part, augmenter)
    if "label" not in paths:
        _checks.refuse("dataset", spec, _OWNER, "elements with labels")
    values, labels, count = [], [], 0
    for element in dataset:
        pair = [_elements.taken(element, paths[name]).numpy() for name in (augmenter.part, "label")]
        first, second = pair if is_batch else [each[None] for each in pair]
        values.append(first)
        labels.append(second)
        count += len(first)
        if count >= examples:
            break
    if not count:
        _checks.refuse("dataset", dataset, _OWNER, "a data set with examples")
    return np.concatenate(values)[:examples], np.concatenate(labels)[:examples]


def _classes(labels: np.ndarray, augmenter: Augmenter) -> tuple[list[Any], np.ndarray]:
    """Returns the labels of the classes, and the place among them of each example."""
    if labels.ndim == 2 and labels.shape[1] > 1:
        labels, known = labels.argmax(axis=1), list(range(labels.shape[1]))
    else:
        labels, known = labels.ravel(), None
    if labels.dtype.kind in "OS":
        labels = np.array([str(each, "utf-8") for each in labels])
        names: list[Any] = list(augmenter.class_names or sorted(set(labels)))
        places = {name: place for place, name in enumerate(names)}
        found = np.array([places[each] for each in labels])
    else:
        found = labels.astype(int)
        names = known or list(range(len(augmenter.class_names or range(found.max() + 1))))
    if len(np.unique(found)) < 2:
        _checks.refuse("dataset", len(np.unique(found)), _OWNER, "examples of at least two classes")
    return names, found


def _shares(found: np.ndarray, classes: np.ndarray, count: int) -> np.ndarray:
    """Returns the shares of each class (first axis) that look like each class (second axis)."""
    counts = np.zeros((count, count))
    np.add.at(counts, (classes, found), 1)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


class _Alone:
    """One operation of an augmenter at work, without the others but for the sizes they make."""

    def __init__(self, augmenter: Augmenter, operation: Operation, values: Any, labels: Any):
        self._operation = operation
        self._chain = [
            operation if operation in _leaves([each]) else each
            for each in augmenter.operations
            if each.resizes or operation in _leaves([each])
        ]
        config = {**augmenter.get_config(), "operations": self._chain, "parts": None}
        self._augmenter = Augmenter(**config)
        self._values, self._labels = values, labels

    def changed(self, factor: float, is_high: bool) -> np.ndarray:
        """Returns the examples changed at about a part of the operation's strength.

        Args:
            factor: The part; 0 for examples as they are.
            is_high: To which side the random words go, of a range or a sign.
        """
        results, part = [], self._augmenter.part
        for start in range(0, len(self._values), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            index = tf.range(start, start + len(self._values[some]), dtype=tf.int64)
            params = self._params(index, self._labels[some], factor, is_high)
            element = {part: self._values[some], "label": self._labels[some]}
            result = self._augmenter.apply(element, params=params, batched=True)
            results.append(np.asarray(tf.cast(result[part], tf.float32)))
        return np.concatenate(results)

    def _params(self, index, labels, factor, is_high):
        own, result = self._augmenter, []
        known = labels_of(tf.convert_to_tensor(labels), own.class_names, self._chain, own)
        for each in self._chain:
            (words,) = _draws.image_words(own.seed, 0, index, [1 + each.slots])
            is_on = factor > 0 and each is self._operation
            if is_on:
                each = scaled(each, factor)
                # The outermost part of all draws, to one side: strong ones alone.
                words = words // OUTERMOST
                words = tf.bitwise.invert(words) if is_high else words
            epoch = tf.constant(0, tf.int64)
            result.append(each.parameters(words, epoch, known, is_on))
        return result
