"""Dropout as an ensemble: the average over all thinned networks, computed exactly."""

import math
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops, tree

from kerasreg import _checks, _random
from kerasreg._backend.every_layer import every_layer
from kerasreg._backend.replaced_calls import replaced_calls
from kerasreg.schedules._strength import strength_at

_OWNER = "thinned_ensemble"
_MOST_UNITS = 16
_ROWS = 4096
_SPATIAL = (
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
)


class ThinnedEnsemble(NamedTuple):
    """What `thinned_ensemble` returns: three predictions for each example, as NumPy arrays.

    Args:
        arithmetic: Mean of the thinned networks' probabilities.
        geometric: Their geometric mean, divided by its sum over the classes.
        weight_scaling: What the model itself predicts, with all of its units.
        networks: Number of thinned networks, 2**n for n droppable units.
    """

    arithmetic: np.ndarray
    geometric: np.ndarray
    weight_scaling: np.ndarray
    networks: int

    @property
    def difference(self) -> float:
        """Largest absolute difference between `geometric` and `weight_scaling`."""
        return float(np.max(np.abs(self.geometric - self.weight_scaling)))


def thinned_ensemble(model: keras.Model, x: Any, *, from_logits: bool = False) -> ThinnedEnsemble:
    """The average over all networks that dropout can make of one, next to the usual prediction.

    Dropout on n units trains 2**n thinned networks that share their weights, and predicts with
    all units at once in place of their average ("weight scaling": in the papers weights are scaled
    at that point, in Keras kept units are scaled in training, which is the same). This
    function goes through all of them: with p_m the prediction and P(m) the probability of the
    network with mask m, from the rates of the layers,

        arithmetic = sum_m P(m) p_m
        geometric = prod_m p_m ** P(m), divided by its sum over the classes

    For a single softmax (or logistic) layer behind dropout, the geometric mean is the prediction
    with all units exactly; for deeper networks it is near it, and `difference` says how near.

    Droppable units are the numbers that `Dropout` and `SpatialDropout` layers, of Keras or of
    kerasreg, drop independently: elements of their input, or channels; layers of rate 0 have none.
    All else in the model is as at inference.

    No known difference from the paper, which has equal probabilities (a rate of 1/2).

    Args:
        model: A Keras model with one output: probabilities whose last axis is that of the classes,
            or, if that has size 1, the probability of the second of two.
        x: Arrays, in the structure of the model's inputs; a few examples.
        from_logits: Whether the outputs are logits, to which softmax (or, for a last axis of
            size 1, the logistic function) is still to be applied, here in float64. Networks whose
            float32 probabilities go below 1e-38 need that, as log(0) spoils a geometric mean.
            Defaults to False.

    Returns:
        A named tuple of the arrays `arithmetic`, `geometric`, `weight_scaling`, of the shape of
        the model's outputs, and the number of `networks`; `difference` is the largest one between
        `geometric` and `weight_scaling`.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If the model has no droppable unit or more than 16, if it has several outputs,
            or if these are no probabilities.

    Example:
        >>> import keras, kerasreg
        >>> layers = [keras.Input((5,)), kerasreg.layers.Dropout(0.5)]
        >>> model = keras.Sequential([*layers, keras.layers.Dense(3, activation="softmax")])
        >>> ensemble = kerasreg.models.thinned_ensemble(model, keras.ops.ones((2, 5)))
        >>> ensemble.networks, ensemble.difference < 1e-6
        (32, True)

    Reference:
        Hinton, Srivastava, Krizhevsky, Sutskever, Salakhutdinov 2012, Improving neural networks by
        preventing co-adaptation of feature detectors, arXiv:1207.0580.
    """
    _checks.instance("model", model, _OWNER, keras.Model, "a Keras model")
    from_logits = _checks.boolean("from_logits", from_logits, _OWNER)
    x = tree.map_structure(ops.convert_to_tensor, x)
    calls, outputs = _recorded(model, x)
    units = sum(call.units for call in calls)
    _check_units(model, calls, units)
    whole = _probabilities(_numpy(model, outputs), from_logits)
    arithmetic, logarithm = np.zeros_like(whole), np.zeros_like(whole)
    masks, weights = _masks(calls, units)
    step = max(1, _ROWS // len(whole))
    for start in range(0, len(masks), step):
        chunk = slice(start, start + step)
        outputs = _thinned_outputs(model, x, calls, masks[chunk], len(whole))
        thinned = _probabilities(outputs, from_logits)
        thinned = thinned.reshape(len(whole), -1, *whole.shape[1:])
        arithmetic += np.einsum("nm...,m->n...", thinned, weights[chunk])
        with np.errstate(divide="ignore"):
            logarithm += np.einsum("nm...,m->n...", np.log(thinned), weights[chunk])
    geometric = np.exp(logarithm - logarithm.max(-1, keepdims=True))
    geometric /= geometric.sum(-1, keepdims=True)
    classes = slice(1 if outputs.shape[-1] == 1 else 0, None)
    arithmetic, geometric, whole = (each[..., classes] for each in (arithmetic, geometric, whole))
    return ThinnedEnsemble(arithmetic, geometric, whole, 2**units)


class _Call(NamedTuple):
    """One call of a dropout layer: its units, and what it does with those that it keeps."""

    name: str
    rate: float
    scale: float
    shape: tuple[int, ...]

    @property
    def units(self):
        return math.prod(self.shape)


def _recorded(model, x):
    # The model as at inference; its dropout layers note each of their calls.
    calls = []

    def noting(layer, call):
        def noted(inputs, *args, **kwargs):
            rate = _rate(layer)
            if rate > 0:
                calls.append(_Call(layer.name, rate, _scale(layer, rate), _shape(layer, inputs)))
            return call(inputs, *args, **kwargs)

        return noted

    with replaced_calls(_dropout_layers(model), noting):
        return calls, model(x, training=False)


def _thinned_outputs(model, x, calls, masks, examples):
    # Row n * len(masks) + m of the batch is example n in the network of mask m.
    columns = np.cumsum([0, *(call.units for call in calls)])
    pending = iter(zip(calls, columns, strict=False))

    def thinning(layer, call):
        def thinned(inputs, *args, **kwargs):
            if _rate(layer) == 0:
                return inputs
            each, first = next(pending)
            mask = masks[:, first : first + each.units].reshape(len(masks), *each.shape)
            mask = np.tile(mask, (examples, *[1] * len(each.shape)))
            kept = inputs * ops.cast(each.scale, inputs.dtype)
            return ops.where(ops.convert_to_tensor(mask), kept, ops.zeros_like(kept))

        return thinned

    repeated = tree.map_structure(lambda array: ops.repeat(array, len(masks), axis=0), x)
    with replaced_calls(_dropout_layers(model), thinning):
        return _numpy(model, model(repeated, training=False))


def _dropout_layers(model):
    return [each for each in every_layer(model) if isinstance(each, keras.layers.Dropout)]


def _rate(layer):
    generator = getattr(layer, "seed_generator", None)
    step = 0 if generator is None else _random.last_step(generator)
    return float(strength_at(layer.rate, step))


def _scale(layer, rate):
    at_inference = getattr(layer, "scaling", "train") == "inference"
    return 1.0 if at_inference or rate == 1 else 1.0 / (1.0 - rate)


def _shape(layer, inputs):
    """Returns the shape of a mask for one example; it broadcasts to that of the input."""
    own = tuple(inputs.shape)
    noise = getattr(layer, "noise_shape", None)
    if isinstance(layer, _SPATIAL):
        last = getattr(layer, "data_format", None) != "channels_first"
        noise = (None, *[1] * (len(own) - 2), None) if last else (None, None, *[1] * (len(own) - 2))
    if noise is None:
        return own[1:]
    noise = (1,) * (len(own) - len(noise)) + tuple(noise)
    sizes = zip(own, noise, strict=True)
    return tuple(mine if size is None else size for mine, size in sizes)[1:]


def _check_units(model, calls, units):
    if units == 0:
        expected = "a model with a Dropout layer of a rate above 0"
        _checks.refuse("model", model.name, _OWNER, expected)
    if units > _MOST_UNITS:
        counts = ", ".join(f"{call.name} {call.units}" for call in calls)
        expected = f"at most {_MOST_UNITS} droppable units"
        fix = f"There are {units} ({counts}), which make 2**{units} networks."
        _checks.refuse("model", model.name, _OWNER, expected, fix=fix)


def _masks(calls, units):
    """Returns every mask that can come up, True where a unit is kept, and its probability."""
    keep = np.concatenate([np.full(call.units, 1.0 - call.rate) for call in calls])
    masks = (np.arange(2**units)[:, None] >> np.arange(units)) % 2 == 1
    weights = np.prod(np.where(masks, keep, 1.0 - keep), axis=1)
    return masks[weights > 0], weights[weights > 0]


def _numpy(model, outputs):
    if tree.is_nested(outputs):
        _checks.refuse("model", model.name, _OWNER, "a model with one output")
    dtype = keras.backend.result_type(outputs.dtype, "float32")
    return ops.convert_to_numpy(ops.cast(outputs, dtype))


def _probabilities(outputs, from_logits):
    """Returns the probability of each class, two or more, in float64."""
    outputs = outputs.astype("float64")
    if from_logits:
        if outputs.shape[-1] == 1:
            outputs = np.concatenate([np.zeros_like(outputs), outputs], -1)
        powers = np.exp(outputs - outputs.max(-1, keepdims=True))
        return powers / powers.sum(-1, keepdims=True)
    if outputs.shape[-1] == 1:
        outputs = np.concatenate([1.0 - outputs, outputs], -1)
    if (outputs < 0).any() or not np.allclose(outputs.sum(-1), 1.0, atol=1e-2):
        fix = "If the outputs are logits, pass `from_logits=True`."
        found = outputs[:1].tolist()
        _checks.refuse("model", found, _OWNER, "a model whose outputs are probabilities", fix=fix)
    return outputs
