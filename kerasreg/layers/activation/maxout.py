"""Maxout units."""

import keras
from keras import ops

from kerasreg import _checks
from kerasreg._register import register


@register
class Maxout(keras.layers.Layer):
    """Maxout: each unit is the largest of its group of features.

    Divides the features `z` of one axis into `units` groups of `pieces = features / units` and
    keeps the largest of each:

        h_i = max over j of z_(j * units + i),  j = 0 ... pieces - 1

    After a dense or convolution layer without activation, a unit is a learned convex function,
    the maximum of `pieces` linear ones; the paper pairs it with dropout, whose average over
    thinned networks it makes more nearly exact. The groups are those of TensorFlow Addons
    (feature `i` and every `units`-th after it), so that weights trained there give the same
    outputs here.

    Differs from the paper in that the linear maps are the layer before; otherwise no known
    difference.

    Args:
        units: Features that remain, at least 1, a divisor of those that there are.
        axis: The axis of the features, any but that of the batch, 0. Defaults to -1.
        **kwargs: Keyword arguments of `keras.layers.Layer`.

    Call arguments:
        inputs: Tensor of numbers.

    Input shape:
        Any, of rank 2 or higher; the size of `axis` is known and a multiple of `units`.

    Output shape:
        That of the input, with `units` at `axis`.

    Raises:
        TypeError: If `units` or `axis` is not an integer.
        ValueError: If `units` is below 1, `axis` is 0 or beyond the input's rank, or the size of
            `axis` is unknown or no multiple of `units`.

    Example:
        >>> import keras, kerasreg
        >>> z = keras.ops.array([[1.0, 5.0, 3.0, 2.0, 4.0, 6.0]])
        >>> [float(unit) for unit in kerasreg.layers.Maxout(2)(z)[0]]
        [4.0, 6.0]

    Reference:
        Goodfellow, Warde-Farley, Mirza, Courville, Bengio 2013, Maxout Networks, ICML,
        arXiv:1302.4389.
    """

    def __init__(self, units, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.units = _checks.whole("units", units, self, low=1)
        self.axis = _checks.whole("axis", axis, self, low=None)
        if self.axis == 0:
            _checks.refuse("axis", axis, self, "another axis than 0, which is that of the batch")
        self.supports_masking = True

    def build(self, input_shape):
        rank = len(input_shape)
        if not -rank < self.axis < rank:
            expected = f"an axis of the input but the first, which has rank {rank}"
            _checks.refuse("axis", self.axis, self, expected)
        features = input_shape[self.axis]
        if not features or features % self.units:
            expected = f"a multiple of {self.units}, the units, at axis {self.axis}"
            _checks.refuse("input_shape", tuple(input_shape), self, expected)

    def call(self, inputs):
        axis = self.axis % len(inputs.shape)
        grouped = _grouped(inputs, axis, self.units)
        if 0 in inputs.shape:  # `ops.max` refuses what is empty
            return ops.take(grouped, 0, axis=axis)
        return ops.max(grouped, axis=axis)

    def compute_mask(self, inputs, previous_mask):
        axis = self.axis % len(inputs.shape)
        if previous_mask is None or axis >= len(previous_mask.shape):
            return previous_mask
        # The mask reaches the axis of the features, and follows their groups.
        return ops.any(_grouped(previous_mask, axis, self.units), axis=axis)

    def compute_output_shape(self, input_shape):
        shape = list(input_shape)
        shape[self.axis] = self.units
        return tuple(shape)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "axis": self.axis}


def _grouped(x, axis, units):
    """Returns a tensor with one axis divided in two: (pieces, units)."""
    shape = list(ops.shape(x))
    return ops.reshape(x, [*shape[:axis], shape[axis] // units, units, *shape[axis + 1 :]])
