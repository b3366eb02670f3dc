"""Batch normalization's moving statistics computed anew from data, exactly."""

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
from kerasreg._backend.replaced_calls import replaced_calls
from kerasreg._where import layers_where
from kerasreg.layers.norm._moments import aligned_mask, moments
from kerasreg.models._batches import batches
from kerasreg.models._population import Population

_OWNER = "reestimate_batch_norm"


def reestimate_batch_norm(
    model: keras.Model, data: Any, steps: int | None = None, *, batch_size: int = 32
) -> dict[str, int]:
    """Precise batch normalization: population statistics of the weights as they are.

    The moving statistics of training are exponential averages over the last batches, of weights
    that have changed meanwhile. They do not fit weights that were averaged (SWA, EMA) or set, nor
    data that changed. This replaces them by the mean and variance of all values that the layer
    gets from `data`, with n values per channel in batch b, of mean m and variance v:

        mean = sum_b n_b m_b / N        variance = sum_b n_b (v_b + (m_b - mean)**2) / N

    with N = sum_b n_b: batches of any size count by their number of values, masked values do
    not count, and the differences between batches are part of the variance. Layers with
    `unbiased_variance=True` get N / (N - 1) times that.

    One pass over the data serves all layers: while it goes on, each of them normalizes with the
    mean and variance of the whole batch at hand, as in training, so that the layers behind it see
    what they see in training. With batches of a hundred examples or more, that is close to what
    they see at inference; mix the data, as one does for training. A layer that is called more than
    once in a pass gets the statistics of all of its calls.

    All else is as at inference: dropout and augmentation layers are off, as they will be when the
    statistics are used (Li et al. 2019), while PyTorch's `update_bn` leaves them on. Left as they
    are: layers that are frozen (`trainable=False`), layers that the model itself calls with
    `training=False`, and layers that are not called at all. Of layers with `renorm=True`, the
    statistics of the renormalization are set, too.

    Nothing else of the model changes, not even the state of its random layers, recurrent layers
    and metrics, and if an error is raised nothing changes at all. Batch normalization inside of
    the cell of a recurrent layer is refused.

    Differs from the paper, which averages the variances of the batches: here their means spread,
    too, so that the result for the first layer is that of all data in one batch.

    Args:
        model: A built Keras model.
        data: Arrays in the structure of the model's inputs, or batches as `fit` takes them: a
            `tf.data.Dataset`, a `keras.utils.PyDataset`, or any iterable whose items are inputs or
            tuples `(inputs, targets, ...)`. Targets and sample weights are not used. A list of
            arrays is the inputs of a model with several, a list of tuples is batches.
        steps: Number of batches to use, at least 1; needed for data without an end. Fewer are used
            if there are fewer. Defaults to None, all of them.
        batch_size: Examples in a batch, for arrays. Defaults to 32.

    Returns:
        A dict from the path of each layer, such as `"encoder/block1/bn"`, to the number of values
        of a channel that its statistics are now of (the largest one, if a mask makes them differ).
        Layers left as they are, are not in it.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If the model is not built, has no batch normalization layer or none that
            training would update, if `data` holds nothing or arrays of different lengths, if a
            layer gets NaN or infinity from it, if it has no end and `steps` is None, or if `steps`
            or `batch_size` is less than 1.

    Example:
        >>> import keras, kerasreg
        >>> norm = keras.layers.BatchNormalization(name="norm")
        >>> model = keras.Sequential([keras.Input((1,)), norm])
        >>> x = keras.ops.array([[1.0], [2.0], [6.0]])
        >>> kerasreg.models.reestimate_batch_norm(model, x, batch_size=2)
        {'norm': 3}
        >>> round(float(norm.moving_mean[0]), 4), round(float(norm.moving_variance[0]), 4)
        (3.0, 4.6667)

    Reference:
        Wu, Johnson 2021, Rethinking "Batch" in BatchNorm, arXiv:2105.07576. Li, Chen, Hu, Yang
        2019, Understanding the Disharmony between Dropout and Batch Normalization by Variance
        Shift, arXiv:1801.05134. Merging of variances: Chan, Golub, LeVeque 1983, Algorithms for
        Computing the Sample Variance, The American Statistician 37.
    """
    _checks.instance("model", model, _OWNER, keras.Model, "a Keras model")
    batch_size = _checks.whole("batch_size", batch_size, _OWNER, low=1)
    if steps is not None:
        steps = _checks.whole("steps", steps, _OWNER, low=1)
    elif _is_endless(data):
        _checks.refuse("steps", steps, _OWNER, "an integer, as the data have no end")
    norms = _updated_norms(model)
    source = itertools.islice(batches("data", data, batch_size, _OWNER), steps)
    sweep, populations = None, [Population() for _ in norms]
    for batch in source:
        if sweep is None:
            sweep = _Sweep(model, [layer for _, layer in norms], batch)
        found = sweep.moments(batch)
        for (path, _), population, calls in zip(norms, populations, found, strict=True):
            for mean, variance, count in calls:
                if not np.isfinite([mean, variance]).all():
                    expected, received = "finite values in all layers", f"NaN or infinity in {path}"
                    _checks.refuse("data", received, _OWNER, expected)
                population.add(mean, variance, count)
    if sweep is None:
        _checks.refuse("data", data, _OWNER, "at least one batch")
    counts = {}
    for (path, layer), population in zip(norms, populations, strict=True):
        if population.largest_count:
            _put(layer, population)
            counts[path] = population.largest_count
    return counts


class _Sweep:
    """Passes of a model that take the moments of what its normalization layers get."""

    def __init__(self, model, layers, batch):
        if hasattr(model, "jax_state_sync"):
            model.jax_state_sync()
        self.model = model
        self.variables = list(
            {id(v): v for v in [*model.variables, *model.metrics_variables]}.values()
        )
        self.values = [ops.convert_to_tensor(variable.value) for variable in self.variables]
        self.layers = layers
        self._loops = _loops_over(model, layers)
        self._active = self._in_training_mode(batch)
        self._run = compiled(self._moments, exact_shapes=bool(self._loops))

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
            _refuse_model(self.model, "None of them normalizes with its batch in training.")
        return active

    def _of_known_length(self, layer, call):
        def checked(inputs, *args, **kwargs):
            if inputs.shape[1] is None:
                fix = f"{layer.name!r} has one, and gets a number of steps that the graph computes."
                _refuse_model(self.model, fix)
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


def _updated_norms(model):
    if not model.built:
        fix = "Call it on a batch first."
        _checks.refuse("model", model.name, _OWNER, "a model that is built", fix=fix)
    called = "a batch normalization layer"
    norms = layers_where(model, None, _OWNER, of=_is_norm, called=called)
    for layer in every_layer(model):
        if isinstance(layer, keras.layers.RNN) and any(map(_is_norm, every_layer(layer))):
            _refuse_model(model, f"The cell of {layer.name!r} has one, which is called in a loop.")
    norms = [(path, layer) for path, layer in norms if layer.trainable]
    if not norms:
        _refuse_model(model, "All of them are frozen (`trainable=False`).")
    return norms


def _is_norm(layer):
    return isinstance(layer, keras.layers.BatchNormalization)


def _is_endless(data):
    if isinstance(data, keras.utils.PyDataset):
        return data.num_batches is None
    cardinality = getattr(data, "cardinality", None)  # of a `tf.data.Dataset`; -1 is infinite
    return callable(cardinality) and int(cardinality()) == -1


def _refuse_model(model, fix):
    expected = "a model with batch normalization layers whose statistics can be estimated"
    _checks.refuse("model", model.name, _OWNER, expected, fix=fix)
