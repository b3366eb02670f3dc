"""Decoupled weight decay and learning rates by layer."""

from collections.abc import Mapping
from typing import Any

import keras

from kerasreg import _checks
from kerasreg._where import layers_where
from kerasreg.models._chosen_weights import (
    ChosenWeight,
    checked_names,
    checked_ranks,
    chosen_weights,
    every_weight,
)
from kerasreg.optimizers.weight_groups import WeightGroups

_OWNER = "weight_decay_groups"


def weight_decay_groups(
    model: keras.Model,
    optimizer: Any = "adamw",
    weight_decay: float | None = None,
    *,
    where: Any = None,
    weights: Any = None,
    rank: Any = None,
    depth_factor: float = 1.0,
    decay_depth_factor: float = 1.0,
    levels: Any = None,
    learning_rate_factors: Mapping[Any, float] | None = None,
) -> WeightGroups:
    """Returns an optimizer with weight decay and learning rates by layer, for `compile`.

    Kernels of every kind and embeddings decay, biases and the weights of normalization do not,
    nor does any weight of one axis. Decay is decoupled from the gradient: each update begins with
    `w <- w - learning_rate * weight_decay * w`.

    With `depth_factor` d below 1 the layers near the input, which know most when a pretrained
    model is trained on, learn slower: those of the last of n levels with the learning rate of the
    optimizer, those of level l = 1, 2, ... with d^(n - l) of it. The decay of a weight goes with
    its learning rate and shrinks alike; `decay_depth_factor` is a further factor of it alone.

    Levels are, unless `levels` names them, the layers of the model that have kernels, from input to
    output, those of nested models one by one; a layer made of layers is one level. What has no
    kernel belongs to the level before it. For a deep network name its stages.

    Differs from the usual layer-wise decay of learning rates in nothing; there blocks of
    transformers are the levels.

    Args:
        model: A built model.
        optimizer: A Keras optimizer that is not used yet, or its name. Defaults to "adamw".
        weight_decay: Decay of a weight for a learning rate of 1, a float of at least 0. Defaults to
            None, that of the optimizer (0 if it has none).
        where: Which layers' weights decay: a glob of names or paths, a compiled regular expression,
            a class, a layer, a function of a layer, or a list of these. Defaults to None, all.
        weights: Which weights of them, by name: a glob such as `"kernel"`, a compiled regular
            expression, or a list of these. Defaults to None, kernels and embeddings.
        rank: The number of axes of the weights that decay, or several. Defaults to None: any if
            `weights` is given, else two or more.
        depth_factor: Factor of the learning rate from each level to the one before, above 0.
            Defaults to 1.
        decay_depth_factor: Factor of the decay from each level to the one before, above 0. Defaults
            to 1.
        levels: The levels, from the input to the output, each as `where`; a layer that stands in
            several is in the last of them. Defaults to None, see above.
        learning_rate_factors: Further factors of learning rates, of at least 0, by what would be
            `where`: `{"head*": 10.0}`. Where several match, all count. Defaults to None.

    Returns:
        A `kerasreg.optimizers.WeightGroups` around the optimizer. Its `groups` list what each
        weight has. It is for this model, and is saved with it.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If a number is out of its range, the model has no such layer or weight, a layer
            with weights is in none of `levels`, or the optimizer is one that cannot be used.

    Example:
        >>> import keras, kerasreg
        >>> dense = [keras.layers.Dense(2, name=name) for name in ("first", "second")]
        >>> model = keras.Sequential([keras.Input((2,)), *dense], name="net")
        >>> sgd = keras.optimizers.SGD(0.1)
        >>> optimizer = kerasreg.models.weight_decay_groups(model, sgd, 0.01, depth_factor=0.5)
        >>> model.compile(optimizer, "mse")
        >>> for group in optimizer.groups:
        ...     print(*group.values())
        net/first/kernel 0.01 0.5
        net/first/bias 0.0 0.5
        net/second/kernel 0.01 1.0
        net/second/bias 0.0 1.0
    """
    _checks.instance("model", model, _OWNER, keras.Model, "a Keras model")
    if not model.built:
        fix = "Call it on a batch first."
        _checks.refuse("model", model.name, _OWNER, "a model that is built", fix=fix)
    depth_factor = _checks.positive("depth_factor", depth_factor, _OWNER)
    decay_depth_factor = _checks.positive("decay_depth_factor", decay_depth_factor, _OWNER)
    if weight_decay is not None:
        weight_decay = _checks.number("weight_decay", weight_decay, _OWNER, low=0)
    weights, rank = checked_names(weights, _OWNER), checked_ranks(rank, _OWNER)
    if isinstance(optimizer, str):
        optimizer = _optimizer_of(optimizer)
    _checks.instance("optimizer", optimizer, _OWNER, keras.optimizers.Optimizer, "an optimizer")
    if weight_decay is None:
        weight_decay = float(getattr(optimizer, "weight_decay", None) or 0.0)

    decaying = chosen_weights(model, where, weights, rank, _OWNER)
    if weights is None and rank is None:
        decaying = [each for each in decaying if len(each.weight.shape) > 1]
    decays = {id(each.weight) for each in decaying}
    place = {id(weight): number for number, weight in enumerate(model.weights)}
    every = sorted(every_weight(model), key=lambda each: place[id(each.weight)])
    depths = _depths(model, every, levels)
    rates = _rates(model, learning_rate_factors)
    last = max(depths.values(), default=0)
    groups = []
    for _, _, weight in every:
        below = last - depths[id(weight)]
        decay = weight_decay * decay_depth_factor**below if id(weight) in decays else 0.0
        factor = depth_factor**below * rates.get(id(weight), 1.0)
        groups.append(_group(weight.path, decay, factor))
    return WeightGroups(optimizer, groups)


def _optimizer_of(name: str) -> keras.optimizers.Optimizer:
    try:
        return keras.optimizers.get(name)
    except ValueError:
        expected = "an optimizer, or the name of one of Keras"
        return _checks.refuse("optimizer", name, _OWNER, expected)


def _group(path: str, weight_decay: float, factor: float) -> dict[str, Any]:
    return {"path": path, "weight_decay": weight_decay, "learning_rate_factor": factor}


def _rates(model: Any, factors: Any) -> dict[int, float]:
    """Returns the products of the factors that are given, by the id of the weight."""
    expected = "a dictionary with a factor for each glob, class or layer"
    factors = _checks.instance("learning_rate_factors", factors or {}, _OWNER, Mapping, expected)
    found: dict[int, float] = {}
    for where, factor in factors.items():
        factor = _checks.number("learning_rate_factors", factor, _OWNER, low=0)
        for weight in _weights_in(model, where, "learning_rate_factors"):
            found[id(weight)] = found.get(id(weight), 1.0) * factor
    return found


def _weights_in(model: Any, where: Any, name: str) -> list[Any]:
    layers = layers_where(
        model,
        where,
        _OWNER,
        of=lambda layer: bool(layer.weights),
        called="a layer with weights",
        name=name,
    )
    inside = {id(weight): weight for _, layer in layers for weight in layer.weights}
    return list(inside.values())


def _depths(model: Any, every: list[ChosenWeight], levels: Any) -> dict[int, int]:
    """Returns the level of each weight by its id, counted from 0."""
    if levels is None:
        return _depths_of_layers(model, every)
    if not isinstance(levels, list | tuple):
        expected = "a list of globs, classes or layers, from the input to the output"
        _checks.refuse("levels", levels, _OWNER, expected, error=TypeError)
    depths = {
        id(weight): depth
        for depth, where in enumerate(levels)
        for weight in _weights_in(model, where, "levels")
    }
    left = [each.path for each in every if id(each.weight) not in depths]
    if left:
        expected = f"levels with all weights of the model; {left[0]!r} is in none"
        _checks.refuse("levels", levels, _OWNER, expected)
    return depths


def _depths_of_layers(model: Any, every: list[ChosenWeight]) -> dict[int, int]:
    own = {id(each.weight) for each in every}
    depths: dict[int, int] = {}
    depth = -1
    for layer in _members(model):
        inside = [weight for weight in layer.weights if id(weight) in own - depths.keys()]
        depth += any(len(weight.shape) > 1 for weight in inside)
        depths |= {id(weight): max(depth, 0) for weight in inside}
    return {**{id(each.weight): max(depth, 0) for each in every}, **depths}


def _members(model: Any) -> list[Any]:
    """Returns the layers of a model, those of nested models in their place."""
    found = []
    for layer in model.layers:
        found += _members(layer) if isinstance(layer, keras.Model) else [layer]
    return found
