"""Two passes with different dropout masks that have to agree."""

from typing import Any

import keras
from keras import ops

from kerasreg import _checks, _random
from kerasreg._backend.extra_pass import extra_pass
from kerasreg._register import register
from kerasreg.models import _wrapped_model
from kerasreg.models._divergence import kl
from kerasreg.models._wrapped_model import (
    add_term,
    check_logits,
    factor,
    only_output,
    wrapped_model,
    wrapper_arguments,
    wrapper_config,
)
from kerasreg.schedules._strength import saved_strength, strength_at


@register
class WithRDrop(keras.Model):
    """R-Drop: two dropout masks have to give the same prediction.

    In training every batch goes through the model twice, with other masks, and

        loss = (loss_1 + loss_2) / 2 + strength / 2 * (KL(p1 || p2) + KL(p2 || p1))

    with the divergences on average over the batch (and over positions, where a prediction is a
    sequence). It takes a model with dropout or other random layers; without, both passes agree.

    The second pass leaves nothing behind but its gradient: moving statistics of batch
    normalization, metrics and penalties on activities are those of the first. Examples of a sample
    weight count as any other in the divergence. `rdrop` in the logs is what is added to the loss;
    it is 0 in validation. `predict`, `evaluate` and calls are those of the model inside, whose
    weights are shared.

    Differs from the paper in the mean of the two losses, where the paper's formula has their sum
    (and its code the mean): `strength` is twice that of the formula.

    Args:
        model: A built Keras model with one output, which is a distribution over the classes on the
            last axis; of size 1, the probability of one of two.
        strength: alpha in the paper, a finite float of at least 0 or a
            `kerasreg.schedules.Schedule` of the step. Defaults to 1.
        from_logits: Whether the outputs are logits. Defaults to False: they are probabilities.
        **kwargs: `name` and `trainable`, as of any Keras model.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `strength` is negative or not finite, the model is not built, or has a
            training step or a loss of its own; in `fit`, if it has several outputs, or if the
            compiled loss has another `from_logits`.

    Example:
        >>> import keras, kerasreg
        >>> layers = [keras.layers.Dropout(0.5), keras.layers.Dense(2)]
        >>> inside = keras.Sequential([keras.Input((4,)), *layers])
        >>> model = kerasreg.models.WithRDrop(inside, from_logits=True)
        >>> loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        >>> model.compile("sgd", loss)
        >>> logs = model.fit(keras.ops.ones((8, 4)), keras.ops.ones((8,)), verbose=0).history
        >>> sorted(logs)
        ['loss', 'rdrop']

    Reference:
        Liang, Wu, Li, Wang, Meng, Qin, Chen, Zhang, Liu 2021, R-Drop: Regularized Dropout for
        Neural Networks, arXiv:2106.14448.
    """

    def __init__(self, model, strength=1.0, *, from_logits=False, **kwargs):
        model = wrapped_model(model, self)
        strength = factor("strength", strength, self)
        from_logits = _checks.boolean("from_logits", from_logits, self)
        super().__init__(**wrapper_arguments(model, kwargs))
        self.model, self.strength, self.from_logits = model, strength, from_logits
        # Nothing is drawn: this counts the steps.
        self.seed_generator = keras.random.SeedGenerator(0)
        self.divergence = keras.metrics.Mean(name="rdrop")
        self.built = True

    call = _wrapped_model.call
    output_names = _wrapped_model.output_names
    seed_state = _random.seed_state

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Returns the loss, in training that of two passes with their divergence."""
        check_logits(self)
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        if not training:
            return loss
        _, step = _random.next_key(self.seed_generator, self)
        second = extra_pass(self, lambda: self.model(x, training=True))
        loss = (loss + super().compute_loss(x, y, second, sample_weight, training)) / 2
        p1, p2 = only_output(y_pred, self), only_output(second, self)
        divergence = kl(p1, p2, self.from_logits) + kl(p2, p1, self.from_logits)
        term = 0.5 * strength_at(self.strength, step) * ops.mean(divergence)
        return add_term(self, self.divergence, x, loss, term)

    def get_config(self):
        """Returns the arguments."""
        own = {"strength": saved_strength(self.strength), "from_logits": self.from_logits}
        return {**wrapper_config(self), **own}


def with_rdrop(model: keras.Model, strength: Any = 1.0, *, from_logits: bool = False) -> WithRDrop:
    """R-Drop, for a model.

    Returns a model around another one, which shares its weights. See
    `kerasreg.models.WithRDrop` for what it computes.

    Args:
        model: A built Keras model with one output, a distribution on its last axis.
        strength: Factor of the divergence, a finite float of at least 0 or a schedule. Defaults
            to 1.
        from_logits: Whether the outputs are logits. Defaults to False.

    Returns:
        The wrapper, to be compiled and fitted as any model.

    Example:
        >>> import keras, kerasreg
        >>> layers = [keras.layers.Dropout(0.5), keras.layers.Dense(2, "softmax")]
        >>> model = keras.Sequential([keras.Input((4,)), *layers])
        >>> model = kerasreg.models.with_rdrop(model, 5.0)
        >>> model.compile("sgd", "categorical_crossentropy")

    Reference:
        Liang, Wu, Li, Wang, Meng, Qin, Chen, Zhang, Liu 2021, R-Drop: Regularized Dropout for
        Neural Networks, arXiv:2106.14448.
    """
    return WithRDrop(model, strength, from_logits=from_logits)
