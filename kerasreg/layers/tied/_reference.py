"""A reference from a layer to another one that survives saving, cloning and nesting."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from kerasreg._backend.rebuilding import Place, places

# A layer of the same name counts as the same layer only if these arguments, where it has them,
# are equal too: after `clear_session`, one name may be given twice.
_SIZES = ("units", "filters", "kernel_size")


class Reference:
    """Points to a layer without making it a part of the layer that holds the reference.

    Keras tracks a layer that is an attribute of another one as its sublayer, freezes and
    unfreezes the two together and clears the losses of both; not so behind a plain object.

    A config holds the other layer's config. When a model is made again from configs, by
    `load_model`, `clone_model` or `from_config`, the layer of that name in the new model is the one
    referred to. If the model has none, it is made from the config.
    """

    def __init__(self, layer: Any, pending: Sequence[Place] = ()):
        self._layer = layer
        self._pending = pending

    @classmethod
    def from_config(cls, config: Mapping[str, Any], kind: type) -> "Reference":
        """Returns the reference of a layer that is being made from its config.

        Args:
            config: The serialized other layer.
            kind: The class that the other layer has.
        """
        rebuilt = places()
        layer = _find(rebuilt, config["config"], kind)
        if layer is not None:
            return cls(layer)
        # The other layer may be made later on: the places are kept, to look again.
        return cls(keras.saving.deserialize_keras_object(config), rebuilt)

    @property
    def layer(self) -> Any:
        """The other layer."""
        if self._pending:
            config = self._layer.get_config()
            found = _find(self._pending, config, type(self._layer))
            if found is not None:
                self._layer, self._pending = found, ()
        return self._layer

    def settle(self) -> None:
        """Ends the search: the model is complete."""
        self._layer, self._pending = self.layer, ()


def _find(rebuilt: Sequence[Place], config: Mapping[str, Any], kind: type) -> Any:
    for place in rebuilt:
        clone = place.clone_of(getattr(place.original, "tied_to", None))
        if clone is not None:
            return clone
        found = {id(layer): layer for layer in place.layers() if _is_same(layer, config, kind)}
        if len(found) > 1:
            raise ValueError(
                f"A layer is tied to a layer called {config['name']!r}, and the model has "
                f"{len(found)} of that name. Give them different names."
            )
        if found:
            return next(iter(found.values()))
    return None


def _is_same(layer: Any, config: Mapping[str, Any], kind: Any) -> bool:
    return (
        isinstance(layer, kind)
        and layer.name == config["name"]
        and all(_plain(getattr(layer, size, None)) == _plain(config.get(size)) for size in _SIZES)
    )


def _plain(size: Any) -> Any:
    """Returns a size in one form: tuples of a layer are lists in the config of a saved model."""
    return list(size) if isinstance(size, tuple) else size
