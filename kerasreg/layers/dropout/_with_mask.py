"""A tensor with another mask than its layer's input had."""

import keras


class _WithMask(keras.layers.Layer):
    # A mask goes with a tensor through what Keras keeps of each; a layer is its public way in.

    def __init__(self, dtype):
        super().__init__(name="with_mask", dtype=dtype, autocast=False)
        self.supports_masking = True

    def call(self, inputs):
        return inputs[0]

    def compute_mask(self, inputs, previous_mask):
        return inputs[1]


def with_mask(tensor, mask):
    """Returns the tensor, which the next layer sees with a mask; None for no mask."""
    return tensor if mask is None else _WithMask(tensor.dtype)([tensor, mask])
