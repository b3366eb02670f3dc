"""The layers that Keras has made so far while it makes a model again from configs.

Keras gives a layer's `from_config` nothing but the config. A layer that refers to another layer
of its model has to find that one among the layers already made, and the shared object ids of
Keras' file format name it only if both stand in the same model, not in nested ones, and not in
`clone_model`. Keras holds the layers in local variables, which are read here from the stack:

- `created_layers` of `functional_from_config`, a dict from names to layers;
- `model` of `Sequential.from_config`, which layers are added to;
- `cache` of the `wrapped_clone_function` of `clone_model`, a dict from the ids of the originals
  to their clones, and `layer`, the original.

`Layer._flatten_layers` is private, too: it is the only way to every layer inside of a layer.
kerasreg itself says what it makes again, with `making`.
"""

import contextlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any

import keras

_LOCALS = {
    "functional_from_config": "created_layers",
    "from_config": "model",
    "wrapped_clone_function": "cache",
}


@dataclass(frozen=True)
class Place:
    """One model that is being made again. It fills while Keras goes on.

    Args:
        model: The model so far: its layers in a dict, or itself.
        original: In `clone_model`, the layer that is being cloned.
    """

    model: Mapping[Any, Any] | keras.Model
    original: keras.layers.Layer | None = None

    def layers(self) -> Iterator[keras.layers.Layer]:
        """Yields the layers made so far, and what is inside of them."""
        made = self.model.values() if isinstance(self.model, Mapping) else self.model.layers
        for layer in made:
            # Operations such as `ops.Add` stand among the layers and have none inside.
            if isinstance(layer, keras.Layer):
                yield from layer._flatten_layers()

    def clone_of(self, layer: keras.layers.Layer | None) -> keras.layers.Layer | None:
        """Returns the clone of a layer, in `clone_model` and if it is made."""
        return self.model.get(id(layer)) if isinstance(self.model, Mapping) else None


_own: list[Place] = []


@contextlib.contextmanager
def making(place: Place) -> Iterator[None]:
    """Lets layers that are made in the context find those of a model that is not Keras' to make."""
    _own.insert(0, place)
    try:
        yield
    finally:
        _own.pop(0)


def places() -> list[Place]:
    """Returns the models that are being made at this moment, the innermost first."""
    found = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = _LOCALS.get(frame.f_code.co_name)
        if name and frame.f_globals.get("__name__", "").startswith("keras."):
            model = frame.f_locals.get(name)
            if isinstance(model, Mapping | keras.Model):
                original = frame.f_locals.get("layer") if name == "cache" else None
                found.append(Place(model, original))
        frame = frame.f_back
    return found + _own
