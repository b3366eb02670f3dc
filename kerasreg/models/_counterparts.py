"""The layers of a copied model that stand for those of the original."""

from collections import defaultdict
from typing import Any

import keras

from kerasreg._backend.every_layer import every_layer, layers_by_path, own_weights
from kerasreg.regularizers import Folded, SoftSharing, Sum


class Counterparts:
    """Finds the layer or weight of a copy by that of the original.

    Args:
        original: A model.
        copy: Itself, or a model with its layers, of the same names, and perhaps more of them.
    """

    def __init__(self, original: keras.Model, copy: keras.Model):
        self._layers = {id(original): copy}
        self._weights: dict[int, keras.Variable] = {}
        named = defaultdict(list)
        for path, layer in layers_by_path(copy):
            named[path].append(layer)
        for path, layer in layers_by_path(original):
            if named[path]:
                self._layers[id(layer)] = named[path].pop(0)
        for layer in (original, *every_layer(original)):
            weights = own_weights(self._layers[id(layer)]) if id(layer) in self._layers else []
            pairs = zip(own_weights(layer), weights, strict=False)
            self._weights |= {id(old): new for old, new in pairs}

    def layer(self, original: keras.layers.Layer) -> keras.layers.Layer:
        """Returns the layer of the copy."""
        return self._layers[id(original)]

    def weight(self, original: keras.Variable) -> keras.Variable:
        """Returns the weight of the copy."""
        return self._weights[id(original)]

    def value(self, original: Any) -> Any:
        """Returns a penalty as it is for the copy: one that refers to the original, to the copy."""
        if isinstance(original, Sum):
            parts = [self.value(part) for part in original.penalties]
            same = all(a is b for a, b in zip(parts, original.penalties, strict=True))
            return original if same else Sum(*parts)
        if isinstance(original, Folded):
            inside = self.value(original.penalty)
            return original if inside is original.penalty else Folded(inside)
        if isinstance(original, SoftSharing):
            known: dict[int, Any] = {**self._layers, **self._weights}
            reference = known.get(id(original.reference), original.reference)
            if reference is not original.reference:
                return SoftSharing(**{**original.get_config(), "reference": reference})
        return original
