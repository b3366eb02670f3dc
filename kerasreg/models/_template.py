"""Layers made from a template: each with a name, a seed and perhaps a rate of its own."""

import re
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import saving

from kerasreg.models._copied_layer import layer_from

_OF_EVERY_LAYER = ("name", "trainable", "dtype", "seed")


def layer_like(template: keras.layers.Layer, name: str, **changed: Any) -> Any:
    """Returns a layer with the arguments of another one that is not built.

    Where the template has a seed, the layer has one that is made from it and from the name: two
    layers do not draw the same, and the same model draws the same again.

    Args:
        template: The other layer, or one inside of which are layers with seeds.
        name: The name of the layer.
        **changed: Arguments of the layer that are different.
    """
    data = saving.serialize_keras_object(template)
    data.pop("build_config", None)
    changed = {key: saving.serialize_keras_object(value) for key, value in changed.items()}
    data["config"] = _with_own_seeds(data["config"], name) | {"name": name} | changed
    return layer_from(data, [template])


def own_arguments_of(template: keras.layers.Layer) -> dict[str, Any]:
    """Returns the arguments of a layer, without those of every layer, and without its seed."""
    config = template.get_config()
    return {key: each for key, each in config.items() if key not in _OF_EVERY_LAYER}


def kind_of(layer: keras.layers.Layer) -> str:
    """Returns the name of a layer's class as Keras writes it in names: "drop_path"."""
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", type(layer).__name__)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _with_own_seeds(config: Any, name: str) -> Any:
    if isinstance(config, Mapping):
        return {
            key: _own_seed(each, name) if key == "seed" else _with_own_seeds(each, name)
            for key, each in config.items()
        }
    if isinstance(config, list | tuple):
        return type(config)(_with_own_seeds(each, name) for each in config)
    return config


def _own_seed(seed: Any, name: str) -> Any:
    if isinstance(seed, Mapping):  # a generator
        seed = seed["config"]["seed"]
    if seed is None:
        return None
    words = [int(seed < 0), abs(int(seed)), *name.encode()]
    return int(np.random.SeedSequence(words).generate_state(1)[0]) % 2**31
