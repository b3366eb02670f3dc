"""Monte Carlo dropout: predictions with their uncertainty."""

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops, tree

from kerasreg import _checks, _random
from kerasreg._backend.compiled import compiled
from kerasreg._backend.every_layer import every_layer
from kerasreg._backend.global_draws import global_draws
from kerasreg._backend.replaced_calls import replaced_calls
from kerasreg._batches import batches
from kerasreg.schedules import Schedule

# The base of all random image layers of Keras, which has no public name.
_ImageLayer = keras.layers.RandomFlip.__base__
_OWNER = "mc_predict"


class MonteCarloPrediction(NamedTuple):
    """What `mc_predict` returns: NumPy arrays, in the structure of the model's outputs.

    Args:
        mean: Mean over the samples.
        std: Standard deviation over the samples.
        samples: The samples themselves, one after the other on a new first axis; or None.
    """

    mean: Any
    std: Any
    samples: Any = None


def mc_predict(
    model: keras.Model,
    x: Any,
    samples: int,
    *,
    batch_size: int = 32,
    seed: Any = None,
    keep_samples: bool = False,
) -> MonteCarloPrediction:
    """Monte Carlo dropout: the mean and spread of predictions with dropout left on.

    `mean = 1/T sum_t y_t` and `std = sqrt(1/T sum_t (y_t - mean)**2)` over T = `samples` passes of
    the model, each with its own masks. Where the passes disagree, the model does not know.

    In a pass everything random is as it is in training: dropout and noise layers of kerasreg, of
    Keras and of the user, in wrappers, submodels and recurrent cells. Layers that keep statistics
    (batch normalization above all) and random image augmentation are as they are at inference. A
    part that the model itself calls with `training=False` stays off, as it does in `fit`.

    Nothing of the model changes: neither its weights and moving statistics, nor the state of its
    random layers, recurrent layers and metrics, nor what it has compiled. A rate that follows a
    schedule has the value that it has reached. Each call of `mc_predict` compiles one function
    anew, for all of its batches and samples.

    Differs from the paper in leaving out the variance of the observations, the inverse of the
    paper's tau, which is to be added to `std**2` for a regression.

    Args:
        model: A built Keras model with at least one random layer.
        x: Arrays, in the structure of the model's inputs, or batches as `predict` takes them: a
            `tf.data.Dataset`, a `keras.utils.PyDataset`, or any iterable whose items are inputs or
            tuples `(inputs, targets, ...)`.
        samples: Number of passes, 1 or more.
        batch_size: Examples in a batch, for arrays. Defaults to 32.
        seed: An integer for masks that are the same in each call (with batches of the same sizes),
            or a `keras.random.SeedGenerator`. Defaults to None, a random seed.
        keep_samples: Whether to return the samples, too. Defaults to False.

    Returns:
        A named tuple of `mean`, `std` and `samples`, NumPy arrays in the structure of the model's
        outputs; `samples` has a new first axis, or is None.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If the model is not built or has no random layer, if `samples` or `batch_size`
            is less than 1, or if `x` holds nothing or arrays of different lengths.

    Example:
        >>> import keras, kerasreg
        >>> layers = [keras.Input((4,)), kerasreg.layers.Dropout(0.5), keras.layers.Dense(2)]
        >>> model = keras.Sequential(layers)
        >>> prediction = kerasreg.models.mc_predict(model, keras.ops.ones((3, 4)), samples=20)
        >>> prediction.mean.shape, prediction.std.shape
        ((3, 2), (3, 2))

    Reference:
        Gal, Ghahramani 2016, Dropout as a Bayesian Approximation: Representing Model Uncertainty in
        Deep Learning, ICML, arXiv:1506.02142.
    """
    _checks.instance("model", model, _OWNER, keras.Model, "a Keras model")
    samples = _checks.whole("samples", samples, _OWNER, low=1)
    batch_size = _checks.whole("batch_size", batch_size, _OWNER, low=1)
    keep_samples = _checks.boolean("keep_samples", keep_samples, _OWNER)
    generator = _random.seed_generator(seed, _OWNER)
    if not model.built:
        fix = "Call it on a batch first."
        _checks.refuse("model", model.name, _OWNER, "a model that is built", fix=fix)
    passes = _Passes(model, generator, samples)
    run = compiled(passes.stacked if keep_samples else passes.moments)
    parts = []
    with replaced_calls(_held_at_inference(model), _at_inference):
        for batch in batches("x", x, batch_size, _OWNER):
            outputs = run(passes.values(), passes.next_seeds(), batch)
            parts.append(tree.map_structure(ops.convert_to_numpy, outputs))
    if not parts:
        _checks.refuse("x", x, _OWNER, "at least one batch")
    return _joined(parts, keep_samples)


class _Passes:
    """Passes of a model with masks from given seeds, as pure functions of the model's state."""

    def __init__(self, model, generator, samples):
        self.model = model
        self.variables = list({id(v): v for v in _state(model)}.values())
        self.seed_states = _seed_states(model)
        self._scheduled = _scheduled(model)
        self._shape = (samples, len(self.seed_states) + 1)
        self._seed_dtype = generator.state.dtype
        entropy = ops.convert_to_numpy(generator.next())
        self._seeds = np.random.default_rng([int(word) % 2**32 for word in entropy])

    def values(self):
        return [ops.convert_to_tensor(variable.value) for variable in self.variables]

    def next_seeds(self):
        """Returns a seed for each pass and generator, and one for what draws without."""
        seeds = self._seeds.integers(2**31, size=self._shape)
        return ops.convert_to_tensor(seeds.astype(self._seed_dtype))

    def moments(self, values, seeds, inputs):
        """Returns mean and standard deviation, in one sweep (Welford 1962)."""
        first = self._outputs(values, seeds[0], inputs)

        def add(index, moments):
            outputs = tree.flatten(self._outputs(values, ops.take(seeds, index, 0), inputs))
            return [_moments_with(*each, index) for each in zip(moments, outputs, strict=True)]

        start = [(mean, ops.zeros_like(mean)) for mean in tree.flatten(first)]
        moments = ops.fori_loop(1, seeds.shape[0], add, start)
        means = [mean for mean, _ in moments]
        stds = [ops.sqrt(squares / seeds.shape[0]) for _, squares in moments]
        return tree.pack_sequence_as(first, means), tree.pack_sequence_as(first, stds)

    def stacked(self, values, seeds, inputs):
        """Returns the outputs of all passes, on a new first axis."""
        return ops.map(lambda row: self._outputs(values, row, inputs), seeds)

    def _outputs(self, values, seeds, inputs):
        state = {id(v): value for v, value in zip(self.variables, values, strict=True)}
        for index, variable in enumerate(self.seed_states):
            step = state[id(variable)][1]
            scheduled = id(variable) in self._scheduled
            # The pass repeats the last training step, which is one behind the next; 0 is the first.
            step = ops.maximum(step, 1) - 1 if scheduled else ops.zeros_like(step)
            state[id(variable)] = ops.stack([seeds[index], step])
        scope = keras.StatelessScope([(v, state[id(v)]) for v in self.variables])
        before = [scope.get_current_value(v) for v in self.seed_states]
        with scope, global_draws(seeds[-1]) as drawn:
            outputs = self.model(inputs, training=True)
            after = [scope.get_current_value(v) for v in self.seed_states]
            if not drawn() and all(a is b for a, b in zip(after, before, strict=True)):
                self._refuse_model()
        return tree.map_structure(_widened, outputs)

    def _refuse_model(self):
        fix = (
            "Every prediction would be the same. A layer of your own counts as random when it "
            "draws from a `keras.random.SeedGenerator` that it holds."
        )
        expected = "a model with a random layer, such as dropout, that draws when it is called"
        _checks.refuse("model", self.model.name, _OWNER, expected, fix=fix)


def _moments_with(moments, outputs, index):
    mean, squares = moments
    difference = outputs - mean
    mean = mean + difference / ops.cast(index + 1, outputs.dtype)
    return mean, squares + difference * (outputs - mean)


def _widened(outputs):
    dtype = keras.backend.result_type(outputs.dtype, "float32")
    return ops.cast(outputs, dtype)


def _state(model):
    return [*model.variables, *model.metrics_variables]


def _seed_states(layer):
    """Returns the state of the seed generators in a layer: what is no weight of it."""
    weights = {id(weight) for weight in layer.weights}
    states = {id(v): v for v in layer.variables if id(v) not in weights}
    return list(states.values())


def _scheduled(model):
    """Returns the ids of the states whose step says how far a schedule is."""
    layers = [
        layer
        for layer in every_layer(model)
        if any(isinstance(value, Schedule) for value in vars(layer).values())
    ]
    return {id(state) for layer in layers for state in _seed_states(layer)}


def _held_at_inference(model):
    layers = every_layer(model)
    return [layer for layer in layers if isinstance(layer, _ImageLayer) or _keeps_statistics(layer)]


def _keeps_statistics(layer):
    # What a layer computes in training for itself is in weights that are not trained. With random
    # parts inside, it is left on: a model may hold a count of its steps.
    inside = {id(weight) for each in every_layer(layer) for weight in each.weights}
    own = [weight for weight in layer.non_trainable_weights if id(weight) not in inside]
    return bool(own) and not _seed_states(layer)


def _at_inference(layer, call):
    def at_inference(*args, **kwargs):
        if "training" in kwargs:
            kwargs["training"] = False
        return call(*args, **kwargs)

    return at_inference


def _joined(parts, keep_samples):
    if not keep_samples:
        means, stds = zip(*parts, strict=True)
        return MonteCarloPrediction(_concatenated(means, 0), _concatenated(stds, 0))
    samples = _concatenated(parts, 1)
    mean = tree.map_structure(lambda array: array.mean(0), samples)
    std = tree.map_structure(lambda array: array.std(0), samples)
    return MonteCarloPrediction(mean, std, samples)


def _concatenated(parts, axis):
    return tree.map_structure(lambda *arrays: np.concatenate(arrays, axis), *parts)
