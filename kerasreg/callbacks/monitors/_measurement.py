"""What the activation layers of a model put out for a sample, unit by unit."""

import collections
import itertools
from typing import Any

import keras
import numpy as np
from keras import layers, ops, tree

from kerasreg._backend.compiled import compiled
from kerasreg._backend.every_layer import every_layer
from kerasreg._backend.not_rematerialized import not_rematerialized
from kerasreg._backend.replaced_calls import replaced_calls
from kerasreg._where import layers_where
from kerasreg.callbacks.monitors._flat_ends import FlatEnds, flat_ends

_LOOPS = (layers.RNN, layers.TimeDistributed)


class Measurement:
    """The forward pass of one model on one sample, as at inference, compiled once.

    Args:
        model: The model, which is built if it is not.
        inputs: The sample, as tensors.
        where: Which activation layers, see `layers_where`.
        tolerance: How close to a flat end of a smooth function counts as there.
        owner: Whose arguments these are, for the error.
    """

    def __init__(self, model: Any, inputs: Any, where: Any, tolerance: float, owner: object):
        self.model = model
        self.inputs = inputs
        self.tolerance = tolerance
        if not model.built:
            model(inputs, training=False)
        self._ends = _activation_layers(model, where, owner)
        self._variables = list({id(v): v for v in _state(model)}.values())
        self._run = compiled(self._units)

    def take(self) -> dict[str, tuple[bool, np.ndarray]]:
        """Returns, by path, whether the layer's function has flat ends, and four rows.

        The rows hold, for each unit: mean and variance of the outputs, the share of them at a
        flat end, and 1 if all are at the same one, else 0.
        """
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()
        values = [ops.convert_to_tensor(variable.value) for variable in self._variables]
        replaced = replaced_calls([layer for _, layer, _ in self._ends], self._noting)
        # A tensor that is noted in a function to rematerialize cannot leave it.
        with not_rematerialized(self.model), replaced:
            found = self._run(values, self.inputs)
        taken = {}
        numbers: collections.Counter[str] = collections.Counter()
        for (path, _, ends), calls in zip(self._ends, found, strict=True):
            for units in calls:
                numbers[path] += 1
                name = path if numbers[path] == 1 else f"{path}#{numbers[path]}"
                has_ends = ends != FlatEnds()
                taken[name] = has_ends, ops.convert_to_numpy(units).astype("float64")
        return taken

    def _units(self, values, inputs):
        self._noted: dict[int, list] = {id(layer): [] for _, layer, _ in self._ends}
        with keras.StatelessScope(list(zip(self._variables, values, strict=True))):
            self.model(inputs, training=False)
        return [self._noted[id(layer)] for _, layer, _ in self._ends]

    def _noting(self, layer, call):
        (ends,) = (ends for _, each, ends in self._ends if each is layer)

        def noted(*args, **kwargs):
            outputs = call(*args, **kwargs)
            y = tree.flatten(outputs)[0]
            self._noted[id(layer)].append(_of_units(y, layer, ends, self.tolerance))
            return outputs

        return noted


def _state(model):
    return [*model.variables, *model.metrics_variables]


def _activation_layers(model, where, owner):
    """Returns paths, layers and their flat ends."""
    looped = [each for each in every_layer(model) if isinstance(each, _LOOPS)]
    hidden = {id(each) for each in itertools.chain.from_iterable(map(every_layer, looped))}

    def is_activation(layer):
        return id(layer) not in hidden and flat_ends(layer) is not None

    found = layers_where(model, where, owner, of=is_activation, called="an activation layer")
    return [(path, layer, flat_ends(layer)) for path, layer in found]


def _of_units(y, layer, ends, tolerance):
    y = ops.cast(y, keras.backend.result_type(y.dtype, "float32"))
    axis = _unit_axis(layer, len(y.shape))
    axes = [i for i in range(len(y.shape)) if i != axis]
    margin = tolerance * ends.width
    at_ends = [ops.zeros_like(y, dtype="bool")]
    if ends.low is not None:
        at_ends.append(y <= ends.low + margin)
    if ends.high is not None:
        at_ends.append(y >= ends.high - margin)
    # The widest tolerance makes the ends meet: an output may be at both.
    share = ops.mean(ops.cast(ops.any(ops.stack(at_ends), 0), y.dtype), axes)
    stuck = ops.any(ops.stack([ops.all(at_end, axes) for at_end in at_ends]), 0)
    return ops.stack([ops.mean(y, axes), ops.var(y, axes), share, ops.cast(stuck, y.dtype)])


def _unit_axis(layer, rank):
    if isinstance(layer, layers.TimeDistributed):
        return 1 + _unit_axis(layer.layer, rank - 1)
    default = keras.config.image_data_format() if rank > 3 else "channels_last"
    data_format = getattr(layer, "data_format", default)
    return 1 if data_format == "channels_first" and rank > 2 else rank - 1
