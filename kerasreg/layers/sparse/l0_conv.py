"""A convolution that learns which of its filters it needs."""

import keras
from keras import ops

from kerasreg import _checks, _random
from kerasreg._register import register
from kerasreg.layers.sparse._hard_concrete import (
    Pruned,
    add_gates,
    final_gates,
    gates_of,
    load_gates,
    own_config,
    plain_layer,
    save_gates,
    set_up,
)


@register
class L0Conv2D(keras.layers.Conv2D):
    """L0 regularization of a convolution: hard concrete gates on its filters.

    Each filter and its bias are multiplied by a gate z between 0 and 1, random in training and
    fixed outside, whose probability of not being 0 is penalized,

        strength * size * sum(sigmoid(log a - temperature * log(-low / high)))

    with size the number of weights of a filter: gates, logits log a and penalty are those of
    `L0Dense`, with filters in place of inputs.

    `pruned()` gives a plain `Conv2D` without the filters whose gate is 0, and the numbers of the
    others. The outputs of a filter without weights are `activation(0)` everywhere: 0 for ReLU,
    tanh, gelu and no activation, so that the layer behind can leave these channels out.

    Differs from the paper in nothing that it says. The bias has the gate of its filter, so that a
    filter can go as a whole; like the authors' code, the penalty does not count it. The logits are
    not held within [-4.6, 4.6] as in that code, and there is no prior on the weights beside.

    Args:
        filters: Number of filters.
        kernel_size: Height and width of the kernel, as in `keras.layers.Conv2D`.
        strides: As in `keras.layers.Conv2D`. Defaults to (1, 1).
        padding: "valid" (the default) or "same".
        strength: Factor of the penalty, 0 or more. A `kerasreg.schedules.Schedule` of the layer's
            training calls is also accepted. Defaults to 1e-6.
        seed: An integer for reproducible gates, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        initial_rate: What the gates begin with: at inference about 1 - `initial_rate`, between 0
            and 1. Defaults to 0.5.
        temperature: Temperature of the gates in training, above 0. Defaults to 2/3.
        stretch: The range (low, high) that is cut to [0, 1], low < 0 and high > 1. Defaults to
            (-0.1, 1.1).
        **kwargs: Other keyword arguments of `keras.layers.Conv2D`.

    Call arguments:
        inputs: Tensor of floats, of rank 4.
        training: Whether gates are random. Defaults to False; `fit` passes True.

    Input shape:
        `(batch, rows, columns, channels)`, or `(batch, channels, rows, columns)` with
        `data_format="channels_first"`.

    Output shape:
        That of `keras.layers.Conv2D`.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `strength` is negative, `temperature` not above 0, `initial_rate` not between
            0 and 1, or `stretch` no range around [0, 1].

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.L0Conv2D(3, 2, activation="relu", initial_rate=0.001)
        >>> layer(keras.ops.ones((1, 4, 4, 1))).shape == (1, 3, 3, 3)
        True
        >>> _ = layer.gate_logits.assign([7.0, -7.0, 7.0])
        >>> plain, kept = layer.pruned()
        >>> kept.tolist(), plain.filters
        ([0, 2], 2)

    Reference:
        Louizos, Welling, Kingma 2018, Learning Sparse Neural Networks through L0 Regularization,
        ICLR, arXiv:1712.01312.
    """

    def __init__(
        self,
        filters,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        *,
        strength=1e-6,
        seed=None,
        initial_rate=0.5,
        temperature=2 / 3,
        stretch=(-0.1, 1.1),
        **kwargs,
    ):
        super().__init__(filters, kernel_size, strides, padding, **kwargs)
        set_up(self, strength, seed, initial_rate, temperature, stretch)

    def build(self, input_shape):
        channels = input_shape[self._channel_axis()]
        height, width = self.kernel_size
        # First: with `lora_rank`, Keras' own `build` leaves a layer that takes no more weights.
        add_gates(self, self.filters, height * width * (channels // self.groups))
        super().build(input_shape)

    def call(self, inputs, training=False):
        gates = gates_of(self, training)
        kernel = ops.cast(gates * ops.cast(self.kernel, gates.dtype), self.compute_dtype)
        outputs = self.convolution_op(inputs, kernel)
        if self.use_bias:
            shape = [1, 1, 1, 1]
            shape[self._channel_axis()] = self.filters
            bias = ops.cast(gates * ops.cast(self.bias, gates.dtype), outputs.dtype)
            outputs = outputs + ops.reshape(bias, shape)
        return outputs if self.activation is None else self.activation(outputs)

    def _channel_axis(self):
        return 1 if self.data_format == "channels_first" else -1

    @property
    def gates(self):
        """The gates at inference, a NumPy array."""
        return final_gates(self)[0]

    def pruned(self):
        """Returns a plain `Conv2D` without the filters whose gate is 0 at inference.

        At inference, its outputs are the channels `kept` of the outputs of this layer.

        Returns:
            A named tuple: `layer`, a built `keras.layers.Conv2D` whose kernel and bias hold the
            gates, and `kept`, a NumPy array with the numbers of its filters in this layer.

        Raises:
            RuntimeError: If the layer is not built, if all gates are 0, or `groups` is not 1, as
                the groups would be of different sizes.
        """
        gates, kept = final_gates(self)
        if self.groups != 1:
            _checks.impossible(self, "A convolution in groups needs as many filters in each.")
        kernel, bias = ops.convert_to_numpy(ops.cast(self.kernel, gates.dtype)), None
        if self.use_bias:
            bias = ops.convert_to_numpy(ops.cast(self.bias, gates.dtype))[kept] * gates[kept]
        shape = [None] * 4
        shape[self._channel_axis()] = kernel.shape[-2]
        config = {**self.get_config(), "filters": len(kept)}
        kernel = kernel[..., kept] * gates[kept]
        layer = plain_layer(keras.layers.Conv2D, config, tuple(shape), kernel, bias, self)
        return Pruned(layer, kept)

    def save_own_variables(self, store):
        super().save_own_variables(store)
        save_gates(self, store)

    def load_own_variables(self, store):
        super().load_own_variables(store)
        load_gates(self, store)

    def get_config(self):
        return {**super().get_config(), **own_config(self)}

    seed_state = _random.seed_state
    rematerialized_call = _random.rematerialized_call
