"""New statistics for the batch normalization layers of a model, from one pass over data."""

import inspect
import itertools
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasreg import _checks
from kerasreg._backend.compiled import compiled, traced
from kerasreg._backend.every_layer import every_layer
from kerasreg._backend.not_rematerialized import not_rematerialized
from kerasreg._backend.random_states import kept_random_states
from kerasreg._backend.replaced_calls import replaced_calls
from kerasreg._batches import batches
from kerasreg._statistics._moments import aligned_mask, moments
from kerasreg._statistics._population import Population
from kerasreg._where import layers_where


class Reestimation:
    """Sets the moving statistics of a model's batch normalization layers to those of data.

    What it does with a model is compiled in the first run.

    Args:
        model: A Keras model.
        owner: Who asks, for the errors.

    Raises:
        ValueError: If the model is not built, or has no batch normalization layer that training
            would update.
    """

    def __init__(self, model: keras.Model, owner: object):
        self._model = model
        self._owner = owner
        self._norms = _updated_norms(model, owner)
        self._sweep: Any = None

    def run(
        self,
        data: Any,
        steps: int | None,
        batch_size: int,
        names: tuple[str, str] = ("data", "steps"),
    ) -> dict[str, int]:
        """Returns, by the path of each layer that has new statistics, the values these are of.

        Args:
            data: Arrays in the structure of the model's inputs, or batches.
            steps: Number of batches, None for all.
            batch_size: Examples in a batch, for arrays.
            names: The arguments that the data and their number came as, for the errors.
        """
        name, name_of_steps = names
        if steps is None and _is_endless(data):
            expected = "an integer, as the data have no end"
            _checks.refuse(name_of_steps, steps, self._owner, expected)
        source = itertools.islice(batches(name, data, batch_size, self._owner), steps)
        with kept_random_states():
            return self._put(self._populations(source, data, name))

    def _populations(self, source, data, name):
        populations = [Population() for _ in self._norms]
        empty = True
        for batch in source:
            for (path, _), population, calls in zip(
                self._norms, populations, self._moments(batch, first=empty), strict=True
            ):
                for mean, variance, count in calls:
                    if not np.isfinite([mean, variance]).all():
                        received = f"NaN or infinity in {path}"
                        _checks.refuse(name, received, self._owner, "finite values in all layers")
                    population.add(mean, variance, count)
            empty = False
        if empty:
            _checks.refuse(name, data, self._owner, "at least one batch")
        self._sweep.values = []
        return populations

    def _moments(self, batch, first):
        if self._sweep is None:
            layers = [layer for _, layer in self._norms]
            self._sweep = _Sweep(self._model, layers, batch, self._owner)
        elif first:
            self._sweep.read_weights()
        return self._sweep.moments(batch)

    def _put(self, populations):
        counts = {}
        for (path, layer), population in zip(self._norms, populations, strict=True):
            if population.largest_count:
                _put(layer, population)
                counts[path] = population.largest_count
        return counts


class _Sweep:
    """Passes of a model that take the moments of what its normalization layers get."""

    def __init__(self, model, layers, batch, owner):
        self.model = model
        self.owner = owner
        self.variables = list(
            {id(v): v for v in [*model.variables, *model.metrics_variables]}.values()
        )
        self.read_weights()
        self.layers = layers
        self._loops = _loops_over(model, layers)
        self._active = self._in_training_mode(batch)
        self._run = compiled(self._moments, exact_shapes=bool(self._loops))

    def read_weights(self):
        """Takes the model's weights as they are now for the passes to come."""
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()
        self.values = [ops.convert_to_tensor(variable.value) for variable in self.variables]

    def moments(self, batch):
        """Returns, for each layer, the moments of each of its calls in a pass."""
        layers = [layer for layer in self.layers if id(layer) in self._active]
        replaced = replaced_calls(layers, self._with_batch_statistics)
        # A tensor that is noted in a function to rematerialize cannot leave it.
        with not_rematerialized(self.model), replaced:
            found = self._run(self.values, batch)
        return [[map(_in_float64, call) for call in calls] for calls in found]

    def _moments(self, values, inputs):
        self._noted: dict[int, list] = {id(layer): [] for layer in self.layers}
        self._call(values, inputs, training=False)
        return [self._noted[id(layer)] for layer in self.layers]

    def _call(self, values, inputs, training):
        pairs = zip(self.variables, values, strict=True)
        with keras.StatelessScope(list(pairs)):
            self.model(inputs, training=training)

    def _with_batch_statistics(self, layer, call):
        signature = inspect.signature(call)

        def normalized_with_its_batch(*args, **kwargs):
            bound = signature.bind(*args, **kwargs)
            x, mask = bound.arguments["inputs"], bound.arguments.get("mask")
            batch = _batch_moments(layer, x, mask)
            self._noted[id(layer)].append(tuple(batch))
            # In the stateless scope, which forgets them: inference is then what training does.
            for variable, value in _statistics(layer, batch.mean, batch.variance):
                variable.assign(ops.where(batch.count > 0, value, variable.value))
            bound.arguments["training"] = False
            return call(*bound.args, **bound.kwargs)

        return normalized_with_its_batch

    def _in_training_mode(self, batch):
        """Returns the ids of the layers that normalize with their batch in training."""
        active = set()

        def noting(layer, call):
            signature = inspect.signature(call)

            def noted(*args, **kwargs):
                if signature.bind(*args, **kwargs).arguments.get("training"):
                    active.add(id(layer))
                return call(*args, **kwargs)

            return noted

        def call(values, inputs):
            self._call(values, inputs, training=True)

        loops = replaced_calls(self._loops, self._of_known_length)
        with not_rematerialized(self.model), loops, replaced_calls(self.layers, noting):
            traced(call, self.values, batch)
        if not active:
            _refuse_model(
                self.model, self.owner, "None of them normalizes with its batch in training."
            )
        return active

    def _of_known_length(self, layer, call):
        def checked(inputs, *args, **kwargs):
            if inputs.shape[1] is None:
                fix = f"{layer.name!r} has one, and gets a number of steps that the graph computes."
                _refuse_model(self.model, self.owner, fix)
            return call(inputs, *args, **kwargs)

        return checked


def _loops_over(model, norms):
    """Returns the time-distributed layers that have one of these layers inside.

    Where the number of steps is known they call it step by step, else once, for all of them.
    """
    ids = {id(layer) for layer in norms}
    return [
        layer
        for layer in every_layer(model)
        if isinstance(layer, keras.layers.TimeDistributed)
        and any(id(inner) in ids for inner in every_layer(layer))
    ]


def _put(layer, population):
    unbiased = getattr(layer, "unbiased_variance", False)
    variance = population.variance(unbiased=unbiased)
    for variable, value in _statistics(layer, population.mean, variance):
        # A channel all of whose values are masked keeps what it had.
        old = ops.convert_to_numpy(variable.value)
        variable.assign(np.where(population.count > 0, value, old).astype(old.dtype))


def _batch_moments(layer, x, mask):
    x = ops.cast(x, keras.backend.result_type(x.dtype, "float32"))
    axis = layer.axis % len(x.shape)
    if mask is not None:
        mask = aligned_mask(mask, x.shape, axis, layer)
    return moments(x, axis, mask)


def _statistics(layer, mean, variance):
    """Returns the variables of a layer that hold statistics, with the values for these."""
    pairs = [(layer.moving_mean, mean), (layer.moving_variance, variance)]
    if layer.renorm:
        stddev = (variance + layer.epsilon) ** 0.5
        pairs += [(layer.renorm_mean, mean), (layer.renorm_stddev, stddev)]
        pairs += [(layer.moving_stddev, stddev)]
    return pairs


def _in_float64(value):
    return ops.convert_to_numpy(value).astype("float64")


def _updated_norms(model, owner):
    if not model.built:
        fix = "Call it on a batch first."
        _checks.refuse("model", model.name, owner, "a model that is built", fix=fix)
    called = "a batch normalization layer"
    norms = layers_where(model, None, owner, of=_is_norm, called=called)
    for layer in every_layer(model):
        if isinstance(layer, keras.layers.RNN) and any(map(_is_norm, every_layer(layer))):
            fix = f"The cell of {layer.name!r} has one, which is called in a loop."
            _refuse_model(model, owner, fix)
    norms = [(path, layer) for path, layer in norms if layer.trainable]
    if not norms:
        _refuse_model(model, owner, "All of them are frozen (`trainable=False`).")
    return norms


def _is_norm(layer):
    return isinstance(layer, keras.layers.BatchNormalization)


def _is_endless(data):
    if isinstance(data, keras.utils.PyDataset):
        return data.num_batches is None
    cardinality = getattr(data, "cardinality", None)  # of a `tf.data.Dataset`; -1 is infinite
    return callable(cardinality) and int(cardinality()) == -1


def _refuse_model(model, owner, fix):
    expected = "a model with batch normalization layers whose statistics can be estimated"
    _checks.refuse("model", model.name, owner, expected, fix=fix)
