"""Normal numbers from words."""

from keras import ops

from kerasreg._backend import word

# Giles 2012, Approximating the erfinv function, GPU Computing Gems: single precision.
_CENTRE = (
    2.81022636e-08,
    3.43273939e-07,
    -3.5233877e-06,
    -4.39150654e-06,
    0.00021858087,
    -0.00125372503,
    -0.00417768164,
    0.246640727,
    1.50140941,
)
_TAIL = (
    -0.000200214257,
    0.000100950558,
    0.00134934322,
    -0.00367342844,
    0.00573950773,
    -0.0076224613,
    0.00943887047,
    1.00167406,
    2.83297682,
)


def normal(words):
    """Returns standard normal float32 numbers, by the inverse of the distribution function.

    The lowest bit is the sign, the others are the probability of the tail: both tails reach 6.3
    standard deviations, with all the precision of float32, where `erfinv(2 * u - 1)` of a
    float32 u ends at 5.2.
    """
    tail = (ops.cast(ops.right_shift(words, 1), "float32") + 0.5) * 2.0**-31
    magnitude = _erfinv_of_one_minus(tail) * 2.0**0.5
    return ops.where((words & word(1)) > word(0), -magnitude, magnitude)


def _erfinv_of_one_minus(tail):
    w = -ops.log(tail * (2.0 - tail))
    is_tail = w >= 5.0
    w = ops.where(is_tail, ops.sqrt(ops.maximum(w, 5.0)) - 3.0, w - 2.5)
    polynomial = ops.where(is_tail, _TAIL[0], _CENTRE[0])
    for tail_factor, centre_factor in zip(_TAIL[1:], _CENTRE[1:], strict=True):
        polynomial = polynomial * w + ops.where(is_tail, tail_factor, centre_factor)
    return polynomial * (1.0 - tail)
