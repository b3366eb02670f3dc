"""Virtual adversarial training."""

from typing import Any

import keras
from keras import ops, tree

from kerasreg import _checks, _random
from kerasreg._backend.extra_pass import extra_pass, same_draws
from kerasreg._backend.gradients import value_and_gradients
from kerasreg._register import register
from kerasreg.models import _wrapped_model
from kerasreg.models._divergence import kl
from kerasreg.models._wrapped_model import (
    add_term,
    check_logits,
    factor,
    float_inputs,
    only_output,
    wrapped_model,
    wrapper_arguments,
    wrapper_config,
)
from kerasreg.schedules._strength import saved_strength, strength_at


@register
class WithVAT(keras.Model):
    """Virtual adversarial training (VAT): predictions hold out against the worst small change.

    In training,

        loss + strength * mean over the batch of KL(p(x) || p(x + r)),   r = radius * d

    where d, of length 1 for each example, is the direction in which the prediction changes most. It
    is found by power iteration from a random direction: `d <- g / ||g||`, with g the gradient of
    `KL(p(x) || p(x + probe * d))` by d. p(x) and r are taken as given: only p(x + r) has a
    gradient. No label is needed: examples without one take part with a sample weight of 0, and
    `fit(x)` alone, with a model that is compiled without a loss, trains on this term only.

    Its passes are in training mode, with the same dropout masks in all of them; what else they
    change (moving statistics of batch normalization, penalties on activities) is dropped. Examples
    of a sample weight count as any other. `vat` in the logs is what is added to the loss; it is 0
    in validation. `predict`, `evaluate` and calls are those of the model inside, whose weights are
    shared.

    Differs from the paper in `probe`, which is 1e-6 there: in float32 so small a change is lost in
    rounding. For a model in half precision, pass a larger one still, up to `radius`.

    Args:
        model: A built Keras model with float inputs and one output, which is a distribution over
            the classes on the last axis; of size 1, the probability of one of two.
        strength: alpha in the paper, a finite float of at least 0 or a
            `kerasreg.schedules.Schedule` of the step. Defaults to 1, the paper's.
        radius: epsilon in the paper, the length of the change of an example's inputs, a float above
            0. Defaults to 1. It is to be tuned: the paper has 2 to 10 for images.
        iterations: Steps of the power iteration, 1 or more. Defaults to 1.
        probe: xi in the paper, a float above 0. Defaults to 0.01.
        from_logits: Whether the outputs are logits. Defaults to False: they are probabilities.
        seed: An integer, a `keras.random.SeedGenerator`, or None for a random seed.
        **kwargs: `name` and `trainable`, as of any Keras model.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If a number is out of its range, the model is not built, or has a training step
            or a loss of its own; in `fit`, if it has inputs that are no floats, or several outputs,
            if the compiled loss has another `from_logits`, or if there are no labels for it.

    Example:
        >>> import keras, kerasreg
        >>> inside = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "softmax")])
        >>> model = kerasreg.models.WithVAT(inside, radius=0.5)
        >>> model.compile("sgd")
        >>> logs = model.fit(keras.ops.ones((8, 4)), verbose=0).history
        >>> sorted(logs)
        ['loss', 'vat']

    Reference:
        Miyato, Maeda, Koyama, Ishii 2018, Virtual Adversarial Training: A Regularization Method for
        Supervised and Semi-Supervised Learning, arXiv:1704.03976.
    """

    def __init__(
        self,
        model,
        strength=1.0,
        *,
        radius=1.0,
        iterations=1,
        probe=0.01,
        from_logits=False,
        seed=None,
        **kwargs,
    ):
        model = wrapped_model(model, self)
        strength = factor("strength", strength, self)
        radius = _checks.positive("radius", radius, self)
        iterations = _checks.whole("iterations", iterations, self, low=1)
        probe = _checks.positive("probe", probe, self)
        from_logits = _checks.boolean("from_logits", from_logits, self)
        generator = _random.seed_generator(seed, self)
        super().__init__(**wrapper_arguments(model, kwargs))
        self.model, self.strength, self.from_logits = model, strength, from_logits
        self.radius, self.iterations, self.probe = radius, iterations, probe
        self.seed, self.seed_generator = seed, generator
        self.divergence = keras.metrics.Mean(name="vat")
        self.built = True

    call = _wrapped_model.call
    output_names = _wrapped_model.output_names
    seed_state = _random.seed_state

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Returns the loss, in training with the divergence."""
        check_logits(self)
        if y is None and self.loss is not None:
            fix = "To train on this term only, compile the model without a loss."
            _checks.refuse("y", y, self, "labels for the compiled loss", fix=fix)
        if y is None and not self.losses:
            loss = ops.zeros(())  # where Keras refuses to train
        else:
            loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        if not training:
            return loss
        key, step = _random.next_key(self.seed_generator, self)
        divergence = extra_pass(self, lambda: self._divergence(x, key))
        term = strength_at(self.strength, step) * divergence
        return add_term(self, self.divergence, x, loss, term)

    def _divergence(self, x, key):
        inputs = float_inputs(x, self)

        def predicted(inputs):
            return only_output(self.model(tree.pack_sequence_as(x, inputs), training=True), self)

        def apart(direction, length):
            moved = [
                x + ops.cast(length * d, x.dtype) for x, d in zip(inputs, direction, strict=True)
            ]
            return ops.mean(kl(target, predicted(moved), self.from_logits))

        run = same_draws(self)
        target = ops.stop_gradient(run(lambda: predicted(inputs)))
        direction = _unit(_normal(inputs, key))
        for _ in range(self.iterations):
            found = run(lambda: self._gradients(apart, direction))  # noqa: B023
            direction = _unit(found, otherwise=direction)
        return run(lambda: apart(direction, self.radius))

    def _gradients(self, apart, direction):
        gradients = value_and_gradients(
            lambda direction: (apart(direction, self.probe), None), direction, differentiable=False
        )[2]
        return [ops.stop_gradient(each) for each in gradients]

    def get_config(self):
        """Returns the arguments."""
        own = {"strength": saved_strength(self.strength), "radius": self.radius}
        own |= {"iterations": self.iterations, "probe": self.probe}
        own |= {"from_logits": self.from_logits, "seed": _random.seed_config(self.seed)}
        return {**wrapper_config(self), **own}


def with_vat(
    model: keras.Model,
    strength: Any = 1.0,
    *,
    radius: float = 1.0,
    iterations: int = 1,
    probe: float = 0.01,
    from_logits: bool = False,
    seed: Any = None,
) -> WithVAT:
    """Virtual adversarial training (VAT), for a model.

    Returns a model around another one, which shares its weights. See
    `kerasreg.models.WithVAT` for what it computes.

    Args:
        model: A built Keras model with float inputs and one output, a distribution on its last
            axis.
        strength: Factor of the divergence, a finite float of at least 0 or a schedule. Defaults
            to 1.
        radius: Length of the change of an example's inputs, a float above 0. Defaults to 1.
        iterations: Steps of the power iteration, 1 or more. Defaults to 1.
        probe: Length of the change by which a direction is tried. Defaults to 0.01.
        from_logits: Whether the outputs are logits. Defaults to False.
        seed: An integer, a `keras.random.SeedGenerator`, or None for a random seed.

    Returns:
        The wrapper, to be compiled and fitted as any model.

    Example:
        >>> import keras, kerasreg
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "softmax")])
        >>> model = kerasreg.models.with_vat(model, radius=0.5)
        >>> model.compile("sgd", "categorical_crossentropy")

    Reference:
        Miyato, Maeda, Koyama, Ishii 2018, Virtual Adversarial Training: A Regularization Method for
        Supervised and Semi-Supervised Learning, arXiv:1704.03976.
    """
    return WithVAT(
        model,
        strength,
        radius=radius,
        iterations=iterations,
        probe=probe,
        from_logits=from_logits,
        seed=seed,
    )


def _normal(inputs, key):
    """Returns a normal number for each element of each tensor."""
    return [
        _random.normal(_random.words(key, ops.shape(each), stream=number))
        for number, each in enumerate(inputs)
    ]


def _unit(tensors, otherwise=None):
    """Returns tensors in float32 of which each example, over all of them, has length 1.

    Args:
        tensors: Tensors with the examples on the first axis.
        otherwise: What an example has whose numbers are all 0, or not finite.
    """
    tensors = [ops.cast(each, "float32") for each in tensors]
    largest = _largest(tensors)
    usable = ops.logical_and(largest > 0, ops.isfinite(largest))
    safe = ops.where(usable, largest, ops.ones_like(largest))
    # Divided by the largest first: squares of small gradients underflow.
    tensors = [each / _beside(safe, each) for each in tensors]
    squares = sum(ops.sum(ops.reshape(ops.square(x), (ops.shape(x)[0], -1)), -1) for x in tensors)
    norm = ops.sqrt(ops.where(usable, squares, ops.ones_like(squares)))
    tensors = [each / _beside(norm, each) for each in tensors]
    if otherwise is None:
        return tensors
    pairs = zip(tensors, otherwise, strict=True)
    return [ops.where(_beside(usable, old), new, old) for new, old in pairs]


def _largest(tensors):
    flat = [ops.reshape(ops.abs(x), (ops.shape(x)[0], -1)) for x in tensors]
    return ops.max(ops.concatenate(flat, axis=-1), axis=-1)


def _beside(values, x):
    return ops.reshape(values, (-1, *[1] * (len(x.shape) - 1)))
