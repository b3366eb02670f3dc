"""All layers of a model, however deep.

Keras lists what is directly inside of a model or wrapper (`Model.layers`, for models only);
`Layer._flatten_layers`, which is private, is the only way to the layers inside of these, to the
cells of recurrent layers and to what a custom layer holds. `Layer.weights` has the weights of a
layer with those of the layers inside; `Layer._trainable_variables`, also private, its own.
"""

from collections.abc import Iterator

import keras


def every_layer(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """Returns the layers inside of a layer, each once, itself left out."""
    return layer._flatten_layers(include_self=False)


def layers_by_path(layer: keras.layers.Layer) -> list[tuple[str, keras.layers.Layer]]:
    """Returns the layers inside of a layer, each once, with the way to them.

    A path is made of the names on the way, without that of `layer`: `"encoder/block1/dense"`.
    `Layer.path` says where a layer was built, which in a functional model is its name alone. A
    layer that stands in several places has the path of the first; two layers of a subclassed
    model may have one path.
    """
    seen: set[int] = {id(layer)}

    def inside(parent: keras.layers.Layer, prefix: str) -> Iterator[tuple[str, keras.Layer]]:
        for child in parent._flatten_layers(recursive=False, include_self=False):
            if id(child) not in seen:
                seen.add(id(child))
                path = f"{prefix}{child.name}"
                yield path, child
                yield from inside(child, f"{path}/")

    return list(inside(layer, ""))


def own_weights(layer: keras.layers.Layer) -> list[keras.Variable]:
    """Returns a layer's own trainable weights, frozen or not, without those of layers inside."""
    return list(layer._trainable_variables)
