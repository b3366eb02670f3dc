"""Hard concrete gates: random numbers between 0 and 1 that are exactly 0 or 1 with probability."""

import math
import types
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from kerasreg import _checks, _random
from kerasreg._backend.own_precision import in_own_precision
from kerasreg.schedules._strength import saved_strength, strength, strength_at

_SPREAD = 0.01
_WEIGHT = "gate_logits"


class Pruned(NamedTuple):
    """What `pruned` returns.

    Args:
        layer: A plain, built layer of Keras.
        kept: The numbers of the units that it has, in order.
    """

    layer: Any
    kept: np.ndarray


def random_gates(logits, noise, temperature, stretch):
    """Returns `min(1, max(0, s * (high - low) + low))`, `s = sigmoid((logits + noise) / t)`.

    Args:
        logits: log alpha, the paper's location.
        noise: `log(u) - log(1 - u)` of uniform numbers u.
        temperature: t, the paper's beta.
        stretch: low and high, the paper's gamma and zeta.
    """
    return _stretched(ops.sigmoid((logits + noise) / temperature), stretch)


def fixed_gates(logits, stretch):
    """Returns the gates for inference, `min(1, max(0, sigmoid(logits) * (high - low) + low))`."""
    return _stretched(ops.sigmoid(logits), stretch)


def open_probability(logits, temperature, stretch):
    """Returns the probability that a random gate is not 0."""
    low, high = stretch
    return ops.sigmoid(logits - temperature * math.log(-low / high))


def _stretched(s, stretch):
    low, high = stretch
    return ops.clip(s * (high - low) + low, 0.0, 1.0)


def set_up(layer, strength_value, seed, initial_rate, temperature, stretch):
    """Checks the arguments that gated layers share and sets them on the layer."""
    layer.strength = strength("strength", strength_value, layer, _non_negative)
    layer.seed = seed
    layer.seed_generator = _random.seed_generator(seed, layer)
    layer.initial_rate = _checks.fraction("initial_rate", initial_rate, layer)
    if layer.initial_rate in (0, 1):
        expected = "a float value between 0 and 1, neither of them included"
        _checks.refuse("initial_rate", initial_rate, layer, expected)
    layer.temperature = _checks.positive("temperature", temperature, layer)
    layer.stretch = _checked_stretch(stretch, layer)
    layer.gate_logits = None


def add_gates(layer, number, size):
    """Adds the weight of the gates, with their penalty.

    Args:
        layer: The layer.
        number: Number of gates.
        size: Number of weights behind a gate.
    """
    layer._weights_behind_gate = size
    mean = math.log1p(-layer.initial_rate) - math.log(layer.initial_rate)
    seed = layer.seed_generator.get_config()["seed"]
    layer.gate_logits = layer.add_weight(
        name=_WEIGHT,
        shape=(number,),
        initializer=keras.initializers.RandomNormal(mean, _SPREAD, seed=seed),
        # A method of the layer, so that reports name the layer.
        regularizer=types.MethodType(_penalty, layer),
        dtype=keras.backend.result_type(layer.variable_dtype, "float32"),
        autocast=False,
    )


def _penalty(layer, logits):
    logits = ops.convert_to_tensor(logits)
    expected = ops.sum(open_probability(logits, layer.temperature, layer.stretch))
    factor = strength_at(layer.strength, _random.last_step(layer.seed_generator))
    return ops.cast(factor * layer._weights_behind_gate * expected, keras.config.floatx())


def gates_of(layer, training):
    """Returns the gates of a call: random ones in training, a vector in at least float32."""
    logits = in_own_precision(layer.gate_logits)
    if not training:
        return fixed_gates(logits, layer.stretch)
    key, _ = _random.next_key(layer.seed_generator, layer)
    noise = ops.stop_gradient(_random.logistic(_random.words(key, layer.gate_logits.shape)))
    return random_gates(logits, ops.cast(noise, logits.dtype), layer.temperature, layer.stretch)


def final_gates(layer):
    """Returns the gates at inference as a NumPy array, and the numbers of those that are not 0."""
    if layer.gate_logits is None:
        reason = "The gates are weights of the layer, which is not built."
        _checks.impossible(layer, reason, fix="Call the layer, or its `build`, first.")
    gates = ops.convert_to_numpy(fixed_gates(in_own_precision(layer.gate_logits), layer.stretch))
    return gates, np.flatnonzero(gates)


def plain_layer(kind, config, input_shape, kernel, bias, owner):
    """Returns a built layer of Keras with these weights.

    Args:
        kind: Its class.
        config: The config of the gated layer, with changes.
        input_shape: Shape of its inputs.
        kernel: An array.
        bias: An array, or None.
        owner: The gated layer.
    """
    if 0 in kernel.shape:
        reason = "All gates are closed: a layer without units is none."
        _checks.impossible(owner, reason, fix="Lower its `strength`.")
    own = (*own_config(owner), "lora_rank", "lora_alpha")
    layer = kind.from_config({name: each for name, each in config.items() if name not in own})
    layer.build(input_shape)
    layer.set_weights([kernel] if bias is None else [kernel, bias])
    return layer


def own_config(layer):
    """Returns the arguments that gated layers share, as `get_config` holds them."""
    return {
        "strength": saved_strength(layer.strength),
        "seed": _random.seed_config(layer.seed),
        "initial_rate": layer.initial_rate,
        "temperature": layer.temperature,
        "stretch": layer.stretch,
    }


def save_gates(layer, store):
    """Writes the gates beside the weights that Keras' own layer writes."""
    if layer.built:
        store[_WEIGHT] = layer.gate_logits


def load_gates(layer, store):
    """Reads the gates."""
    if layer.built:
        layer.gate_logits.assign(store[_WEIGHT])


def _non_negative(name, value, owner):
    return _checks.number(name, value, owner, low=0)


def _checked_stretch(value, owner):
    low, high = _checks.many("stretch", value, owner, 2, _checks.number, broadcast=False)
    if not (low < 0 and high > 1):
        expected = "a range (low, high) with low < 0 and high > 1"
        _checks.refuse("stretch", value, owner, expected)
    return low, high
