"""The one place that talks to Keras' registry of serializable classes."""

import inspect
from typing import TypeVar

import keras

PACKAGE = "kerasreg"
T = TypeVar("T")

_classes: dict[str, type] = {}


def register(cls: type[T]) -> type[T]:
    """Registers a public class of kerasreg with Keras, under its family and name.

    `kerasreg.layers.Dropout` is saved as `kerasreg>layers.Dropout`, so that two families may
    use one name (a noise layer and a noise augmentation, say).

    Args:
        cls: The class. It has a `get_config`; when it adds constructor arguments, its own.

    Returns:
        The class itself.

    Raises:
        ValueError: If the name is taken, or if constructor arguments would be lost on saving.
    """
    name = f"{family(cls)}.{cls.__name__}"
    if name in _classes:
        raise ValueError(f"The name `{name}` is already registered, by {_classes[name]}.")
    if own_arguments(cls) and _definer(cls, "get_config") is None:
        raise ValueError(
            f"`{name}` adds constructor arguments ({', '.join(own_arguments(cls))}) without a "
            "`get_config` of its own: they would be lost when a model is saved."
        )
    _classes[name] = cls
    return keras.saving.register_keras_serializable(package=PACKAGE, name=name)(cls)


def registered() -> list[type]:
    """Returns every registered class, in the order of their public paths."""
    return [_classes[name] for name in sorted(_classes)]


def family(cls: type) -> str:
    """Returns the public subpackage of a class: "layers", "regularizers" and so on."""
    return cls.__module__.split(".")[1]


def public_path(cls: type) -> str:
    """Returns the path by which users write a class, such as `kerasreg.layers.Dropout`."""
    return f"{PACKAGE}.{family(cls)}.{cls.__name__}"


def own_arguments(cls: type) -> list[str]:
    """Returns the constructor arguments that kerasreg, not Keras, defines for a class, in order.

    `name` and `dtype` of a layer are Keras' own, also where a signature names them.
    """
    definer = _definer(cls, "__init__")
    if definer is None:
        return []
    parameters = list(inspect.signature(vars(definer)["__init__"]).parameters.values())[1:]
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    of_every_layer = ("name", "dtype") if issubclass(cls, keras.layers.Layer) else ()
    return [p.name for p in parameters if p.kind not in variable and p.name not in of_every_layer]


def _definer(cls: type, method: str) -> type | None:
    """Returns the class from which a class has a method, None where it is none of kerasreg."""
    definer = next((base for base in cls.__mro__ if method in vars(base)), object)
    return definer if definer.__module__.split(".")[0] == PACKAGE else None
