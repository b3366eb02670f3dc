"""Gumbel and logistic numbers from words, for relaxations of discrete draws."""

from keras import ops

from kerasreg._random.uniform import open_uniform


def gumbel(words):
    """Returns standard Gumbel float32 numbers, `-log(-log(u))`, between -2.8 and 16.6."""
    return -ops.log(-ops.log(open_uniform(words)))


def logistic(words):
    """Returns standard logistic float32 numbers, `log(u) - log(1 - u)`, up to 16.6 on both sides.

    A concrete (relaxed Bernoulli) draw of probability p and temperature t is
    `sigmoid((logit(p) + logistic(words)) / t)`.
    """
    u = open_uniform(words)
    return ops.log(u) - ops.log(1.0 - u)
