"""The seed state of a layer, and the key of a call."""

import weakref

import keras
import numpy as np
from keras import ops

from kerasreg import _backend, _checks

_SEED = "an integer, a `keras.random.SeedGenerator` or None"
_FEWEST_BITS = 2**31


def seed_generator(seed, owner):
    """Returns the generator to hold as `self.seed_generator`: its state is (seed, step).

    Args:
        seed: None for a random seed, an integer for a reproducible one, or a generator, which may
            be shared by several layers (a dictionary is the saved form of one).
        owner: The layer.

    Raises:
        TypeError: If `seed` is something else.
    """
    if isinstance(seed, dict):
        seed = keras.saving.deserialize_keras_object(seed)
    if isinstance(seed, keras.random.SeedGenerator):
        return seed
    if seed is None:
        return keras.random.SeedGenerator()
    whole = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
    if not whole:
        _checks.refuse("seed", seed, owner, _SEED, error=TypeError)
    return keras.random.SeedGenerator(_folded(int(seed)))


def seed_config(seed):
    """Returns a `seed` argument as `get_config` holds it; Keras itself saves a generator."""
    return int(seed) if isinstance(seed, np.integer) else seed


def next_key(generator, owner):
    """Returns the key of one call and its step, and advances the generator by one step.

    Args:
        generator: The layer's `seed_generator`.
        owner: The layer.

    Returns:
        The key, a vector of four random words, and the step, an int32 scalar tensor: the number of
        training calls before this one. The key is Philox4x32-10 of seed, step and replica, so
        that keys have nothing in common (Salmon, Moraes, Dror, Shaw 2011, Parallel Random
        Numbers: As Easy as 1, 2, 3, SC '11).

    Raises:
        RuntimeError: Inside a rematerialized layer, which would draw again for its gradient.
    """
    if _backend.recomputing():
        _checks.impossible(
            owner,
            "A random layer cannot be called inside a rematerialized layer: the recomputation "
            "would draw another mask than the forward pass.",
            fix="Apply `keras.RematScope` to the layers around it one by one; a random layer "
            "of kerasreg itself stores no mask and has nothing to rematerialize.",
        )
    state = generator.next()
    return _backend.philox(state), ops.cast(state[1], "int32")


def last_step(generator):
    """Returns the step of the generator's last key (0 before the first), as an int32 scalar."""
    return ops.maximum(ops.cast(generator.state[1], "int32") - 1, 0)


class SeedState(keras.losses.Loss):
    """The part of a layer that Keras visits to save and load the seed state.

    It lies beside the layer's variables in the file, so that a file of Keras' own layer loads in
    ours and ours in Keras'. Keras visits layers, metrics, optimizers and losses only; a loss is
    the one of these that a layer does not list among its parts.
    """

    def __init__(self, variable):
        super().__init__(name="seed_state")
        self._variable = variable

    def save_own_variables(self, store):
        """Writes (seed, step)."""
        store["0"] = ops.convert_to_numpy(self._variable.value).astype("int64")

    def load_own_variables(self, store):
        """Reads (seed, step) where the file has them."""
        if "0" in set(store.keys()):
            self._variable.assign(np.asarray(store["0"]).astype(self._variable.dtype))


_states: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


@property  # type: ignore[misc]
def seed_state(layer):
    """The saved part of a layer's `seed_generator`: one object for all layers that share it."""
    generator = layer.seed_generator
    if generator not in _states:
        _states[generator] = SeedState(generator.state)
    return _states[generator]


def rematerialized_call(self, layer_call, *args, **kwargs):
    """Returns the layer's call as it is: its gradient belongs to the mask of its forward pass."""
    return layer_call


def _folded(seed):
    # What fits the state of every backend stays; the rest is mixed into 31 bits.
    if 0 <= seed < _FEWEST_BITS:
        return seed
    words = np.random.SeedSequence([int(seed < 0), abs(seed)]).generate_state(1)
    return int(words[0]) % _FEWEST_BITS
