"""Mixing of hidden representations."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops, tree

from kerasreg import _checks, _random
from kerasreg._backend.replaced_calls import replaced_calls
from kerasreg._register import register
from kerasreg._where import layers_where
from kerasreg.models import _wrapped_model
from kerasreg.models._wrapped_model import (
    as_declared,
    is_float,
    wrapped_model,
    wrapper_arguments,
    wrapper_config,
)


@register
class WithManifoldMixup(keras.Model):
    """Manifold mixup: the representations of two examples are mixed at a random layer.

    In each training step a layer k is drawn among those that `where` matches (and the inputs), a
    number `m ~ Beta(alpha, alpha)`, and an order of the batch. The output h of layer k goes on as

        m * h + (1 - m) * h[order]
        loss = m * loss(y, y_pred) + (1 - m) * loss(y[order], y_pred)

    so that decision boundaries are smooth between the classes, also far from the inputs. Labels may
    be integers, one-hot or anything else; for cross entropy the loss is that of mixed one-hot
    labels. Sample weights go with their labels. Layers with several outputs have all mixed that are
    floats; a layer that is called several times mixes each time. What else is random in the model
    is not touched.

    Batch normalization sees mixed representations, as in the authors' code. `predict`, `evaluate`
    and calls outside of training are those of the model inside, whose weights are shared; the
    metrics of training compare predictions for mixed representations with the labels y.

    No known difference from the paper.

    Args:
        model: A built Keras model.
        alpha: Parameter of the beta distribution, a float above 0. Defaults to 2, the paper's.
        where: Whose outputs may be mixed: a glob for the names of layers, or for their paths if it
            has a slash; a compiled regular expression, a class, a layer, a function of a layer, or
            a list of these. Defaults to None: the inputs only (which is mixup).
        mix_inputs: Whether the inputs are one of the places, too. Defaults to True, as in the
            paper. For token numbers say False: of several inputs those that are floats are mixed,
            and one has to be.
        seed: An integer, a `keras.random.SeedGenerator`, or None for a random seed.
        **kwargs: `name` and `trainable`, as of any Keras model.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `alpha` is not above 0, `where` matches no layer, there is no place to mix,
            the model is not built, or has a training step or a loss of its own; in `fit`, if a
            place has no floats to mix, or a layer is not called.

    Example:
        >>> import keras, kerasreg
        >>> layers = [keras.layers.Dense(8, "relu", name="hidden"), keras.layers.Dense(2)]
        >>> inside = keras.Sequential([keras.Input((4,)), *layers])
        >>> model = kerasreg.models.WithManifoldMixup(inside, alpha=2.0, where="hidden")
        >>> model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        >>> logs = model.fit(keras.ops.ones((8, 4)), keras.ops.ones((8,)), verbose=0).history

    Reference:
        Verma, Lamb, Beckham, Najafi, Mitliagkas, Lopez-Paz, Bengio 2019, Manifold Mixup: Better
        Representations by Interpolating Hidden States, arXiv:1806.05236.
    """

    def __init__(self, model, alpha=2.0, where=None, *, mix_inputs=True, seed=None, **kwargs):
        model = wrapped_model(model, self)
        alpha = _checks.positive("alpha", alpha, self)
        mix_inputs = _checks.boolean("mix_inputs", mix_inputs, self)
        places = _Places([] if where is None else layers_where(model, where, self, of=_is_called))
        if not places.layers and not mix_inputs:
            _checks.refuse("where", where, self, "layers to mix at, or `mix_inputs=True`")
        generator = _random.seed_generator(seed, self)
        super().__init__(**wrapper_arguments(model, kwargs))
        self.model, self.alpha, self.mix_inputs = model, alpha, mix_inputs
        self.where = where if _are_strings(where) else places.paths
        self._places = places
        self.seed, self.seed_generator = seed, generator
        self.built = True

    output_names = _wrapped_model.output_names
    seed_state = _random.seed_state

    def call(self, inputs, training=None):
        """Returns the outputs of the model inside, in training with a layer's outputs mixed."""
        if not training:
            return self.model(inputs, training=training)
        key, _ = _random.next_key(self.seed_generator, self)
        examples = ops.shape(tree.flatten(inputs)[0])[0]
        share, order, number = self._draws(key, examples)
        # For the loss of this batch, in the same trace. Past Keras, which would track it.
        own: Any = vars(self)
        own["_drawn"] = share, order

        called = set()

        def mixed(values, place):
            self._check_floats(values, place)
            here = ops.equal(number, place)
            return tree.map_structure(lambda x: _mixed(x, here, share, order), values)

        def mixing(layer, call):
            place = self._places.number(layer) + int(self.mix_inputs)

            def mixing_call(*args, **kwargs):
                called.add(place)
                return mixed(call(*args, **kwargs), place)

            return mixing_call

        if self.mix_inputs:
            inputs = mixed(as_declared(self.model, inputs), 0)
        with replaced_calls(self._places.layers, mixing):
            outputs = self.model(inputs, training=True)
        for layer in self._places.layers:
            if self._places.number(layer) + int(self.mix_inputs) not in called:
                expected = "layers that are called in training; their outputs would not be mixed"
                _checks.refuse("where", layer.name, self, expected)
        return outputs

    def _check_floats(self, values, place):
        """Raises where labels would be mixed and nothing else."""
        if any(map(is_float, tree.flatten(values))):
            return
        if self.mix_inputs and place == 0:
            fix = "Integers cannot be mixed: mix at the layer that embeds them, by `where`."
            _checks.refuse("mix_inputs", True, self, "False where no input is a float", fix=fix)
        layer = self._places.layers[place - int(self.mix_inputs)]
        _checks.refuse("where", layer.name, self, "layers whose outputs are floats")

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Returns the loss, in training that of both labels of each mixed example."""
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        if not training:
            return loss
        own: Any = vars(self)
        if "_drawn" not in own:
            _checks.impossible(self, "There was no call in training mode before the loss.")
        share, order = own.pop("_drawn")

        def others(values):
            if values is None:
                return None
            return tree.map_structure(lambda each: ops.take(each, order, axis=0), values)

        other = super().compute_loss(x, others(y), y_pred, others(sample_weight), training)
        share = ops.cast(share, loss.dtype)
        return share * loss + (1.0 - share) * other

    def _draws(self, key, examples):
        """Returns m, the order of the batch, and the number of the place."""
        places = len(self._places.layers) + int(self.mix_inputs)
        number = _random.integers(_random.words(key, (1,), stream=1), 0, places)[0]
        order = _random.permutation(_random.words(key, (examples,)))
        return _random.beta(key, self.alpha, stream=2), order, number

    def get_config(self):
        """Returns the arguments; layers that `where` has not named by strings, by their paths."""
        where = list(self.where) if isinstance(self.where, Sequence) else None
        own = {"where": self.where if isinstance(self.where, str) else where}
        own |= {"alpha": self.alpha, "mix_inputs": self.mix_inputs}
        return {**wrapper_config(self), **own, "seed": _random.seed_config(self.seed)}


def with_manifold_mixup(
    model: keras.Model,
    alpha: float = 2.0,
    where: Any = None,
    *,
    mix_inputs: bool = True,
    seed: Any = None,
) -> WithManifoldMixup:
    """Manifold mixup, for a model.

    Returns a model around another one, which shares its weights. See
    `kerasreg.models.WithManifoldMixup` for what it computes.

    Args:
        model: A built Keras model.
        alpha: Parameter of the beta distribution, a float above 0. Defaults to 2.
        where: Whose outputs may be mixed, as in `kerasreg.models.freeze_batch_norm`. Defaults to
            None: the inputs only.
        mix_inputs: Whether the inputs are one of the places, too. Defaults to True.
        seed: An integer, a `keras.random.SeedGenerator`, or None for a random seed.

    Returns:
        The wrapper, to be compiled and fitted as any model.

    Example:
        >>> import keras, kerasreg
        >>> layers = [keras.layers.Dense(8, "relu", name="hidden"), keras.layers.Dense(1)]
        >>> model = keras.Sequential([keras.Input((4,)), *layers])
        >>> model = kerasreg.models.with_manifold_mixup(model, where="hidden")
        >>> model.compile("sgd", "mse")

    Reference:
        Verma, Lamb, Beckham, Najafi, Mitliagkas, Lopez-Paz, Bengio 2019, Manifold Mixup: Better
        Representations by Interpolating Hidden States, arXiv:1806.05236.
    """
    return WithManifoldMixup(model, alpha, where, mix_inputs=mix_inputs, seed=seed)


class _Places:
    """The layers at whose outputs is mixed. Not a list, whose layers Keras would track."""

    def __init__(self, found):
        self.paths = [path for path, _ in found] or None
        self.layers = [layer for _, layer in found]

    def number(self, layer):
        return next(i for i, each in enumerate(self.layers) if each is layer)


def _is_called(layer):
    return not isinstance(layer, keras.layers.InputLayer)


def _are_strings(where):
    if isinstance(where, Sequence) and not isinstance(where, str):
        return all(isinstance(each, str) for each in where)
    return where is None or isinstance(where, str)


def _mixed(x, here, share, order):
    """Returns a tensor mixed with itself in another order, where `here` is true."""
    if not is_float(x):
        return x
    share = ops.where(here, share, ops.ones_like(share))
    other = ops.take(x, order, axis=0)
    # Not x + (1 - m) * (other - x): where nothing is mixed, what is not finite stays in its row.
    part = ops.cast(share, x.dtype) * x + ops.cast(1.0 - share, x.dtype) * other
    return ops.where(here, part, x)
