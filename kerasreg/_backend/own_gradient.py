"""A function with a gradient that is written by hand."""

from collections.abc import Callable
from typing import Any

import keras


def own_gradient(
    forward: Callable[..., tuple],
    gradient: Callable[..., Any],
    plain: Callable[..., Any],
    elsewhere: Callable[..., tuple] | None = None,
) -> Callable[..., tuple]:
    """Returns `forward`, with `gradient` for its gradient on TensorFlow.

    What derivatives of higher order are made of is `plain`, so that they are right however
    `forward` and `gradient` come by their results.

    Args:
        forward: `forward(*tensors)` returns a tuple: the output, and what is kept for the gradient,
            through which nothing is differentiated.
        gradient: `gradient(upstream, kept, *tensors)` returns the gradient for each of the tensors,
            where `kept` is the tuple that `forward` returned, without the output.
        plain: `plain(*tensors)` is the output again, as operations that TensorFlow can
            differentiate as often as asked.
        elsewhere: What other backends run, and differentiate on their own. Defaults to `forward`.
    """
    if keras.config.backend() != "tensorflow":
        return elsewhere or forward
    from kerasreg._backend.tensorflow import tf

    def second(upstream, tensors, upstreams):
        with tf.GradientTape() as outer:
            outer.watch((upstream, *tensors))
            with tf.GradientTape() as inner:
                inner.watch(tensors)
                output = plain(*tensors)
            first = inner.gradient(
                output, tensors, upstream, unconnected_gradients=tf.UnconnectedGradients.ZERO
            )
        return outer.gradient(first, (upstream, *tensors), upstreams)

    @tf.custom_gradient
    def run(*tensors):
        output, *kept = forward(*tensors)

        @tf.custom_gradient
        def differentiated(upstream, *tensors):
            found = tuple(gradient(upstream, kept, *tensors))
            return found, lambda *upstreams: second(upstream, tensors, upstreams)

        return (output, *kept), lambda upstream, *_: differentiated(upstream, *tensors)

    return run
