"""A dense layer that learns which of its inputs it needs."""

import keras
from keras import ops

from kerasreg import _random
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
class L0Dense(keras.layers.Dense):
    """L0 regularization of a dense layer: hard concrete gates on its inputs.

    Each input (neuron of the layer before) has a gate z between 0 and 1, and the layer computes
    `activation((x * z) @ kernel + bias)`. In training one draw of the gates serves the batch, with
    u uniform in (0, 1), the learned logits log a, and `stretch = (low, high)`,

        s = sigmoid((log u - log(1 - u) + log a) / temperature)
        z = min(1, max(0, s (high - low) + low))

    so that gates are exactly 0 or 1 with some probability, and have a gradient in between. Outside
    training, `z = min(1, max(0, sigmoid(log a) (high - low) + low))`. The penalty, added to the
    loss in and outside training, is the expected number of weights that are not 0,

        strength * units * sum(sigmoid(log a - temperature * log(-low / high)))

    the number of the gates' weights times the probability that they are open. It is the regularizer
    of the logits, a weight of the layer; a layer that is not trainable has no penalty. Other
    penalties of the kernel are those of the kernel without gates. The paper's strength is lambda,
    with the mean of the loss over N examples often a tenth of 1 / N.

    `pruned()` gives a plain `Dense` without the inputs whose gate is 0, and their numbers: an input
    that is not needed is a unit of the layer before, which can then go as well.

    No known difference from the paper; differs from the authors' code in that the logits are not
    held within [-4.6, 4.6], and that there is no prior on the weights beside (take a
    `kernel_regularizer`).

    Args:
        units: Number of units.
        activation: As in `keras.layers.Dense`. Defaults to None.
        use_bias: Whether to add a bias, which has no gate. Defaults to True.
        strength: Factor of the penalty, 0 or more. A `kerasreg.schedules.Schedule` of the layer's
            training calls is also accepted. Defaults to 1e-6.
        seed: An integer for reproducible gates, or a `keras.random.SeedGenerator`. Defaults to
            None, a random seed.
        initial_rate: What the gates begin with: at inference about 1 - `initial_rate`, between 0
            and 1. Defaults to 0.5.
        temperature: Temperature of the gates in training, above 0. Defaults to 2/3.
        stretch: The range (low, high) that is cut to [0, 1], low < 0 and high > 1. Defaults to
            (-0.1, 1.1).
        **kwargs: Other keyword arguments of `keras.layers.Dense`.

    Call arguments:
        inputs: Tensor of floats, of rank 2 or more.
        training: Whether gates are random. Defaults to False; `fit` passes True.

    Input shape:
        `(batch, ..., inputs)`.

    Output shape:
        `(batch, ..., units)`.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If `strength` is negative, `temperature` not above 0, `initial_rate` not between
            0 and 1, or `stretch` no range around [0, 1].

    Example:
        >>> import keras, kerasreg
        >>> layer = kerasreg.layers.L0Dense(2, kernel_initializer="ones", initial_rate=0.001)
        >>> layer(keras.ops.ones((1, 3))).shape == (1, 2)
        True
        >>> _ = layer.gate_logits.assign([7.0, -7.0, 7.0])
        >>> plain, kept = layer.pruned()
        >>> kept.tolist(), plain.get_weights()[0].tolist()
        ([0, 2], [[1.0, 1.0], [1.0, 1.0]])

    Reference:
        Louizos, Welling, Kingma 2018, Learning Sparse Neural Networks through L0 Regularization,
        ICLR, arXiv:1712.01312.
    """

    def __init__(
        self,
        units,
        activation=None,
        use_bias=True,
        *,
        strength=1e-6,
        seed=None,
        initial_rate=0.5,
        temperature=2 / 3,
        stretch=(-0.1, 1.1),
        **kwargs,
    ):
        super().__init__(units, activation, use_bias, **kwargs)
        set_up(self, strength, seed, initial_rate, temperature, stretch)

    def build(self, input_shape):
        # First: with `lora_rank`, Keras' own `build` leaves a layer that takes no more weights.
        add_gates(self, input_shape[-1], self.units)
        super().build(input_shape)

    def call(self, inputs, training=False):
        return super().call(inputs * ops.cast(gates_of(self, training), inputs.dtype))

    @property
    def gates(self):
        """The gates at inference, a NumPy array."""
        return final_gates(self)[0]

    def pruned(self):
        """Returns a plain `Dense` without the inputs whose gate is 0 at inference.

        At inference, `layer(ops.take(x, kept, axis=-1))` is what this layer computes from x.

        Returns:
            A named tuple: `layer`, a built `keras.layers.Dense` whose kernel holds the gates, and
            `kept`, a NumPy array with the numbers of the inputs that it takes.

        Raises:
            RuntimeError: If the layer is not built, or all gates are 0.
        """
        gates, kept = final_gates(self)
        kernel = ops.convert_to_numpy(ops.cast(self.kernel, gates.dtype))
        kernel = kernel[kept] * gates[kept, None]
        bias = None if self.bias is None else ops.convert_to_numpy(self.bias.value)
        shape, config = (None, len(kept)), self.get_config()
        layer = plain_layer(keras.layers.Dense, config, shape, kernel, bias, self)
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
