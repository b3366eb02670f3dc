"""The weights that a tied layer takes from the layer it is tied to."""


def with_shared(own, tied_to):
    """Returns the variables of a tied layer: its own, and those that make up the shared kernel.

    Without the kernel among its weights, a model that has the tied layer but not the other one
    would not train it, and on JAX would compile it in as a constant. Keras lists a variable once,
    however many layers have it; what is saved and frozen with the tied layer is what it tracks.

    Args:
        own: The variables that the tied layer tracks.
        tied_to: The other layer.
    """
    if not tied_to.built:
        return own
    known = {id(variable) for variable in [*own, tied_to.bias]}
    return [*own, *(variable for variable in tied_to.weights if id(variable) not in known)]
