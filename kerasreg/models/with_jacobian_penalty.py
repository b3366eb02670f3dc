"""A penalty on the derivative of the outputs by the inputs."""

import functools
import math
from typing import Any

import keras
from keras import ops, tree

from kerasreg import _checks, _random
from kerasreg._backend.extra_pass import extra_pass, same_draws
from kerasreg._backend.gradients import value_and_gradients
from kerasreg._register import register
from kerasreg.models import _wrapped_model
from kerasreg.models._wrapped_model import (
    add_term,
    factor,
    float_inputs,
    only_output,
    wrapped_model,
    wrapper_arguments,
    wrapper_config,
)
from kerasreg.schedules._strength import saved_strength, strength_at


@register
class WithJacobianPenalty(keras.Model):
    """Jacobian penalty: outputs that change little where inputs do.

    In training,

        loss + strength / 2 * mean over the batch of ||J||_F^2,   J = d outputs / d inputs

    where the squared Frobenius norm is estimated from random directions: it is the mean of
    `C ||v J||^2` over vectors v of length 1 that are uniform on the sphere, for C outputs. Each
    direction costs a pass backward, which is differentiated again. With `projections=None` the
    directions are the C outputs themselves, and the norm is exact, for C passes: for few outputs.

    The penalty is measured in a pass of its own, in training mode, with masks of its own; what
    else this pass changes (moving statistics of batch normalization, penalties on activities) is
    dropped. Examples of a sample weight count as any other. In batch normalization the outputs of
    an example depend on the other examples: then J has the derivatives of the sum of all outputs.
    The norm is in float32; inputs of several tensors are taken together. `jacobian_penalty` in the
    logs is what is added to the loss; it is 0 in validation. `predict`, `evaluate` and calls are
    those of the model inside, whose weights are shared.

    Differs from the paper only where the model ends in a softmax: the paper takes the derivative of
    the logits, this one of the outputs, whatever these are. For the paper's form let the model end
    in logits, and compile it with `from_logits=True`.

    Args:
        model: A built Keras model with float inputs and one output.
        strength: lambda_JR in the paper, a finite float of at least 0 or a
            `kerasreg.schedules.Schedule` of the step. Defaults to 0.01.
        projections: Number of random directions, 1 or more, or None for the exact norm. Defaults to
            1, which the paper finds enough.
        seed: An integer, a `keras.random.SeedGenerator`, or None for a random seed.
        **kwargs: `name` and `trainable`, as of any Keras model.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `strength` is negative or not finite, `projections` is less than 1, the model
            is not built, or has a training step or a loss of its own; in `fit`, if it has inputs
            that are no floats, several outputs, or with `projections=None` outputs of unknown
            number.

    Example:
        >>> import keras, kerasreg
        >>> inside = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> model = kerasreg.models.WithJacobianPenalty(inside, 0.1, projections=None)
        >>> model.compile("sgd", "mse")
        >>> logs = model.fit(keras.ops.ones((8, 4)), keras.ops.ones((8, 2)), verbose=0).history
        >>> sorted(logs)
        ['jacobian_penalty', 'loss']

    Reference:
        Hoffman, Roberts, Yaida 2019, Robust Learning with Jacobian Regularization,
        arXiv:1908.02729.
    """

    def __init__(self, model, strength=0.01, *, projections=1, seed=None, **kwargs):
        model = wrapped_model(model, self)
        strength = factor("strength", strength, self)
        if projections is not None:
            projections = _checks.whole("projections", projections, self, low=1)
        generator = _random.seed_generator(seed, self)
        super().__init__(**wrapper_arguments(model, kwargs))
        self.model, self.strength, self.projections = model, strength, projections
        self.seed, self.seed_generator = seed, generator
        self.penalty = keras.metrics.Mean(name="jacobian_penalty")
        self.built = True

    call = _wrapped_model.call
    output_names = _wrapped_model.output_names
    seed_state = _random.seed_state

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Returns the loss, in training with the penalty."""
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        if not training:
            return loss
        key, step = _random.next_key(self.seed_generator, self)
        outputs = only_output(y_pred, self)
        sizes = tuple(outputs.shape[1:])
        if None in sizes:
            expected = "a model whose outputs have a known shape"
            _checks.refuse("model", tuple(outputs.shape), self, expected)
        norm = extra_pass(self, lambda: self._squared_norm(x, key, math.prod(sizes)))
        term = 0.5 * strength_at(self.strength, step) * norm
        return add_term(self, self.penalty, x, loss, term)

    def _squared_norm(self, x, key, outputs):
        """Returns the mean of ||J||^2 over the batch, where each example has so many outputs."""
        inputs = float_inputs(x, self)
        examples = ops.shape(inputs[0])[0]

        def norm(number):
            directions = self._directions(key, number, (examples, outputs))

            def projected(inputs):
                y = self.model(tree.pack_sequence_as(x, inputs), training=True)
                y = ops.reshape(only_output(y, self), (-1, outputs))
                return ops.sum(y * ops.cast(directions, y.dtype)), None

            gradients = value_and_gradients(projected, inputs)[2]
            return sum(ops.sum(ops.square(ops.cast(each, "float32"))) for each in gradients)

        run = same_draws(self)
        numbers = range(self.projections or outputs)
        norms = [run(functools.partial(norm, number)) for number in numbers]
        scale = outputs / self.projections if self.projections else 1.0
        return sum(norms) * scale / ops.cast(examples, "float32")

    def _directions(self, key, number, shape):
        if self.projections is None:
            return ops.one_hot(number, shape[1], dtype="float32")
        normal = _random.normal(_random.words(key, shape, stream=number))
        return normal / ops.norm(normal, axis=-1, keepdims=True)

    def get_config(self):
        """Returns the arguments."""
        own = {"strength": saved_strength(self.strength), "projections": self.projections}
        return {**wrapper_config(self), **own, "seed": _random.seed_config(self.seed)}


def with_jacobian_penalty(
    model: keras.Model,
    strength: Any = 0.01,
    *,
    projections: int | None = 1,
    seed: Any = None,
) -> WithJacobianPenalty:
    """Jacobian penalty, for a model.

    Returns a model around another one, which shares its weights. See
    `kerasreg.models.WithJacobianPenalty` for what it computes.

    Args:
        model: A built Keras model with float inputs and one output.
        strength: Factor of the penalty, a finite float of at least 0 or a schedule. Defaults to
            0.01.
        projections: Number of random directions, or None for the exact norm. Defaults to 1.
        seed: An integer, a `keras.random.SeedGenerator`, or None for a random seed.

    Returns:
        The wrapper, to be compiled and fitted as any model.

    Example:
        >>> import keras, kerasreg
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> model = kerasreg.models.with_jacobian_penalty(model, 0.1)
        >>> model.compile("sgd", "mse")

    Reference:
        Hoffman, Roberts, Yaida 2019, Robust Learning with Jacobian Regularization,
        arXiv:1908.02729.
    """
    return WithJacobianPenalty(model, strength, projections=projections, seed=seed)
