"""Sharpness-aware minimization, plain and adaptive."""

import keras
from keras import ops

from kerasreg import _checks
from kerasreg._backend.two_point_step import two_point_step
from kerasreg._register import register
from kerasreg.models import _wrapped_model
from kerasreg.models._wrapped_model import wrapped_model, wrapper_arguments, wrapper_config


@register
class WithSAM(keras.Model):
    """Sharpness-aware minimization (SAM, and adaptive SAM).

    Each training step takes the gradient where the loss is highest nearby, to first order, and
    applies it to the weights as they are:

        e = rho * g / ||g||,   g = gradient of the loss at w        (SAM)
        e = rho * T^2 g / ||T g||,   T = |w| + eta, elementwise     (adaptive)
        w <- the optimizer's step with the gradient of the loss at w + e

    so that training ends where the loss is low all around. In adaptive SAM the neighbourhood of a
    weight grows with the weight, so that rescaling layers changes nothing. A step costs two passes
    forward and backward. Any optimizer does; it sees the second gradient only.

    The loss is that of the whole step, penalties on weights and activities included. Loss, metrics
    and moving statistics of batch normalization are those of the first pass, at w; the second pass
    draws the same dropout masks and changes nothing but the weights. In mixed precision both
    gradients are of the scaled loss; the step is left out if one of them is not finite. Under
    `tf.distribute` every replica takes its own e, from its own examples, as in the paper.

    The model inside is shared, not copied: `wrapper.model` has the trained weights, and can be
    saved alone. `predict`, `evaluate` and calls are those of the model inside.

    No known difference from the papers, but that T is made of all weights, where the code of the
    authors of adaptive SAM leaves out biases and normalization.

    Args:
        model: A built Keras model, without a `train_step` or `compute_loss` of its own.
        rho: Radius of the neighbourhood, a float above 0. Defaults to 0.05, the paper's for SAM;
            that of adaptive SAM is ten times larger, say 0.5.
        adaptive: Whether SAM is adaptive. Defaults to False.
        eta: Added to |w| in adaptive SAM, a float of at least 0. Defaults to 0.01.
        **kwargs: `name` and `trainable`, as of any Keras model.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `rho` is not above 0, `eta` is negative, the model is not built, or has a
            training step or a loss of its own.

    Example:
        >>> import keras, kerasreg
        >>> inside = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        >>> model = kerasreg.models.WithSAM(inside, rho=0.1)
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(keras.ops.ones((8, 4)), keras.ops.ones((8, 1)), verbose=0)

    Reference:
        Foret, Kleiner, Mobahi, Neyshabur 2021, Sharpness-Aware Minimization for Efficiently
        Improving Generalization, arXiv:2010.01412. Adaptive: Kwon, Kim, Park, Choi 2021,
        arXiv:2102.11600.
    """

    def __init__(self, model, rho=0.05, *, adaptive=False, eta=0.01, **kwargs):
        model = wrapped_model(model, self)
        rho = _checks.positive("rho", rho, self)
        adaptive = _checks.boolean("adaptive", adaptive, self)
        eta = _checks.number("eta", eta, self, low=0)
        super().__init__(**wrapper_arguments(model, kwargs))
        self.model, self.rho, self.adaptive, self.eta = model, rho, adaptive, eta
        self.built = True

    call = _wrapped_model.call
    output_names = _wrapped_model.output_names

    def train_step(self, *args):
        """Takes a training step."""
        return two_point_step(self, self._worst_nearby, *args)

    def _worst_nearby(self, weights, gradients):
        sizes = [ops.abs(w) + self.eta if self.adaptive else ops.ones_like(w) for w in weights]
        scaled = [_wide(g) * _wide(t) for g, t in zip(gradients, sizes, strict=True)]
        # Divided by the largest first: the square of a gradient of a scaled loss may overflow.
        largest = ops.max(ops.stack([ops.max(ops.abs(each)) for each in scaled if _size(each)]))
        safe = ops.where(largest > 0, largest, ops.ones_like(largest))
        directions = [each / safe for each in scaled]
        norm = ops.sqrt(sum(ops.sum(ops.square(each)) for each in directions))
        factor = self.rho / ops.where(largest > 0, norm, ops.ones_like(norm))
        return [
            w + ops.cast(factor * d * _wide(t), w.dtype)
            for w, d, t in zip(weights, directions, sizes, strict=True)
        ]

    def get_config(self):
        """Returns the arguments."""
        own = {"rho": self.rho, "adaptive": self.adaptive, "eta": self.eta}
        return {**wrapper_config(self), **own}


def with_sam(
    model: keras.Model, rho: float = 0.05, *, adaptive: bool = False, eta: float = 0.01
) -> WithSAM:
    """Sharpness-aware minimization (SAM, and adaptive SAM), for a model.

    Returns a model around another one, which shares its weights. See
    `kerasreg.models.WithSAM` for what it computes.

    Args:
        model: A built Keras model, without a `train_step` or `compute_loss` of its own.
        rho: Radius of the neighbourhood, a float above 0. Defaults to 0.05.
        adaptive: Whether SAM is adaptive. Defaults to False.
        eta: Added to |w| in adaptive SAM, a float of at least 0. Defaults to 0.01.

    Returns:
        The wrapper, to be compiled and fitted as any model.

    Example:
        >>> import keras, kerasreg
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        >>> model = kerasreg.models.with_sam(model, rho=0.5, adaptive=True)
        >>> model.compile("sgd", "mse")

    Reference:
        Foret, Kleiner, Mobahi, Neyshabur 2021, Sharpness-Aware Minimization for Efficiently
        Improving Generalization, arXiv:2010.01412.
    """
    return WithSAM(model, rho, adaptive=adaptive, eta=eta)


def _wide(x):
    return ops.cast(x, keras.backend.result_type(x.dtype, "float32"))


def _size(x):
    return 0 not in x.shape
