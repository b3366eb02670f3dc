"""Batch normalization held fixed while the rest of a model is trained."""

from typing import Any

import keras

from kerasreg import _checks
from kerasreg._where import layers_where


def freeze_batch_norm(model: keras.Model, where: Any = None) -> tuple[str, ...]:
    """Freezes the batch normalization layers of a model, however deep.

    A frozen layer has `trainable=False`: it normalizes with its moving statistics in training,
    too, leaves them as they are, and neither its `gamma` nor its `beta` is trained. That is what
    fine-tuning with small batches or on few data wants, and it is Keras' own meaning of
    `trainable` for this layer; the function finds the layers in submodels, blocks and wrappers.

    - Call `compile` afterwards, as after every change of `trainable`: on JAX `fit` fails
      without it, and what is compiled already may go on as before.
    - `trainable = True` on the model or on a submodel, after `trainable = False`, sets the flag
      of all layers inside and so unfreezes them: set it first, then freeze.
    - A functional or sequential model keeps the flags through `save` and `load_model` and through
      `clone_model`. A subclassed model makes its layers anew in its constructor: freeze them
      there, or again after loading.

    Args:
        model: A Keras model.
        where: Which of its batch normalization layers: a glob for their names, or for their
            paths if it has a slash (`"bn_*"`, `"encoder/*"`; `*` also stands for slashes); a
            compiled regular expression, searched for in the path; a class; a layer; a function
            of a layer; or a list of these, of which any is enough. Defaults to None, all of them.

    Returns:
        The paths of the layers that are now frozen, such as `"encoder/block1/bn"`.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If the model has no batch normalization layer, or none that `where` matches.

    Example:
        >>> import keras, kerasreg
        >>> encoder = [keras.layers.Dense(4), keras.layers.BatchNormalization(name="bn")]
        >>> encoder = keras.Sequential(encoder, name="encoder")
        >>> model = keras.Sequential([keras.Input((3,)), encoder, keras.layers.Dense(1)])
        >>> kerasreg.models.freeze_batch_norm(model)
        ('encoder/bn',)
        >>> model.compile("sgd", "mse")

    Reference:
        Ioffe, Szegedy 2015, Batch Normalization: Accelerating Deep Network Training by Reducing
        Internal Covariate Shift, arXiv:1502.03167.
    """
    return _set_trainable(model, where, False, "freeze_batch_norm")


def unfreeze_batch_norm(model: keras.Model, where: Any = None) -> tuple[str, ...]:
    """Lets the batch normalization layers of a model train again, however deep.

    They have `trainable=True` afterwards, whatever froze them: they normalize with the statistics
    of the batch in training, the moving statistics follow, and `gamma` and `beta` are
    trained, also in a submodel that is otherwise frozen. Call `compile` afterwards. A model that is
    compiled itself must not be frozen as a whole: Keras trains nothing of it then, whatever the
    flags of its layers say.

    Args:
        model: A Keras model.
        where: Which of its batch normalization layers, as in `freeze_batch_norm`. Defaults to
            None, all of them.

    Returns:
        The paths of these layers.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If the model has no batch normalization layer, or none that `where` matches.

    Example:
        >>> import keras, kerasreg
        >>> norm = keras.layers.BatchNormalization(name="bn")
        >>> model = keras.Sequential([keras.Input((3,)), norm])
        >>> _ = kerasreg.models.freeze_batch_norm(model)
        >>> kerasreg.models.unfreeze_batch_norm(model, where="b*"), norm.trainable
        (('bn',), True)

    Reference:
        Ioffe, Szegedy 2015, Batch Normalization: Accelerating Deep Network Training by Reducing
        Internal Covariate Shift, arXiv:1502.03167.
    """
    return _set_trainable(model, where, True, "unfreeze_batch_norm")


def _set_trainable(model, where, value, owner):
    _checks.instance("model", model, owner, keras.Model, "a Keras model")
    found = layers_where(
        model,
        where,
        owner,
        of=lambda layer: isinstance(layer, keras.layers.BatchNormalization),
        called="a batch normalization layer",
    )
    for _, layer in found:
        layer.trainable = value
    return tuple(path for path, _ in found)
