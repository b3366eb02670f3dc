"""All layers of a model, however deep.

Keras lists what is directly inside of a model or wrapper (`Model.layers`, for models only);
`Layer._flatten_layers`, which is private, is the only way to the layers inside of these, to the
cells of recurrent layers and to what a custom layer holds.
"""

import keras


def every_layer(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """Returns the layers inside of a layer, each once, itself left out."""
    return layer._flatten_layers(include_self=False)
