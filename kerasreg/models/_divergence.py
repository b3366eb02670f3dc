"""How far two predictions are apart."""

from keras import ops


def kl(first, second, from_logits):
    """Returns KL(p || q) of each prediction, from logits or probabilities along the last axis.

    A last axis of size 1 holds the probability (or its logit) of one of two classes.

    Args:
        first: What makes p, in at least float32.
        second: What makes q.
        from_logits: Whether these are logits.
    """
    log_p, log_q = _logarithms(first, from_logits), _logarithms(second, from_logits)
    p = ops.exp(log_p)
    # A class that p rules out has no term, where 0 * -inf would be NaN.
    terms = ops.where(p > 0, log_p - log_q, ops.zeros_like(p))
    return ops.sum(p * terms, axis=-1)


def _logarithms(values, from_logits):
    if from_logits:
        if values.shape[-1] == 1:
            return ops.concatenate([ops.log_sigmoid(values), ops.log_sigmoid(-values)], axis=-1)
        return ops.log_softmax(values, axis=-1)
    if values.shape[-1] == 1:
        values = ops.concatenate([values, 1.0 - values], axis=-1)
    # The smallest normal number of float32: below it, some devices have 0.
    return ops.log(ops.maximum(values, 1.1754944e-38))
