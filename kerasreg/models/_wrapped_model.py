"""A model around another one, whose training is another and whose predictions are the same.

The wrapper holds the other model as `model` and shares its weights. A class takes from here what
all of them have, and adds what it does in training:

    @register
    class WithNoise(keras.Model):
        def __init__(self, model, strength, **kwargs):
            super().__init__(**wrapper_arguments(model := wrapped_model(model, self), kwargs))
            self.model = model
            ...

        call = _wrapped_model.call
        output_names = _wrapped_model.output_names

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            ...

        def get_config(self):
            return {**wrapper_config(self), "strength": ...}
"""

import functools

import keras
from keras import ops, tree

from kerasreg import _checks
from kerasreg.schedules._strength import strength

_TRAINING = ("train_step", "compute_loss")


def wrapped_model(model, owner):
    """Returns the model that an argument `model` means: a model, or its saved form.

    Raises:
        TypeError: If it is something else.
        ValueError: If it is not built, or trains in a way of its own.
    """
    if isinstance(model, dict):
        model = keras.saving.deserialize_keras_object(model)
    _checks.instance("model", model, owner, keras.Model, "a Keras model")
    if not model.built:
        expected, fix = "a model that is built", "Call it on a batch first."
        _checks.refuse("model", model.name, owner, expected, fix=fix)
    for name in _TRAINING:
        if getattr(type(model), name) is not getattr(keras.Model, name):
            fix = "What it computes there would be left out."
            if isinstance(getattr(model, "model", None), keras.Model):
                fix += " Wrappers do not nest: give the `model` inside of it."
            _checks.refuse("model", model.name, owner, f"a model without `{name}`", fix=fix)
    return model


def factor(name, value, owner):
    """Returns a strength that multiplies a term of the loss: a number, or a schedule of them."""
    return strength(name, value, owner, functools.partial(_checks.number, low=0))


def wrapper_arguments(model, arguments):
    """Returns the arguments of `keras.Model` for the wrapper of a model."""
    return {"dtype": model.dtype_policy, "autocast": False, **arguments}


def wrapper_config(self):
    """Returns what `get_config` of every wrapper has."""
    model = keras.saving.serialize_keras_object(self.model)
    return {"name": self.name, "trainable": self.trainable, "model": model}


def call(self, inputs, training=None):
    """Returns the outputs of the model inside."""
    return self.model(inputs, training=training)


@property  # type: ignore[misc]
def output_names(self):
    """The names of the outputs, where the model inside has them."""
    return self.model.output_names


def only_output(y_pred, owner):
    """Returns the output of a model that must have one only, in at least float32."""
    outputs = tree.flatten(y_pred)
    if len(outputs) != 1:
        _checks.refuse("model", f"{len(outputs)} outputs", owner, "a model with one output")
    wide = keras.backend.result_type(outputs[0].dtype, "float32")
    return ops.cast(outputs[0], wide)


def as_declared(model, x):
    """Returns a batch of inputs of which integers are floats where the model makes them so."""
    leaves, declared = tree.flatten(x), getattr(model, "inputs", None) or ()
    if len(leaves) != len(declared):
        return x
    pairs = zip(leaves, declared, strict=True)
    return tree.pack_sequence_as(x, [_as_float(leaf, each.dtype) for leaf, each in pairs])


def _as_float(leaf, dtype):
    return leaf if is_float(leaf) or "float" not in dtype else ops.cast(leaf, dtype)


def is_float(x):
    """Returns whether a tensor is one of floats."""
    return keras.backend.is_float_dtype(keras.backend.standardize_dtype(x.dtype))


def float_inputs(x, owner):
    """Returns the leaves of a batch of inputs, all of which must be floats."""
    leaves = tree.flatten(as_declared(owner.model, x))
    for each in leaves:
        if not is_float(each):
            dtype = keras.backend.standardize_dtype(each.dtype)
            expected = "a model whose inputs are floats"
            fix = "Integers have no gradient: wrap the part of the model behind the embedding."
            _checks.refuse("model", f"inputs of {dtype}", owner, expected, fix=fix)
    return leaves


def check_logits(self):
    """Raises if the compiled loss takes the outputs for something else than the wrapper does."""
    found = getattr(self.loss, "from_logits", None)
    if isinstance(found, bool) and found != self.from_logits:
        expected = f"{found}, as the compiled loss has it"
        _checks.refuse("from_logits", self.from_logits, self, expected)


def add_term(self, metric, x, loss, term):
    """Returns a loss with a term of the wrapper, of which the metric keeps the mean.

    Args:
        self: The wrapper.
        metric: A `keras.metrics.Mean`.
        x: The inputs of the batch, for their number.
        loss: The loss of the batch.
        term: What is added to it, on average over the examples of the batch.
    """
    metric.update_state(ops.stop_gradient(term), sample_weight=ops.shape(tree.flatten(x)[0])[0])
    # Where several replicas add up their gradients, each loss is its share.
    replicas = getattr(getattr(self, "distribute_strategy", None), "num_replicas_in_sync", 1)
    return loss + ops.cast(term, loss.dtype) / replicas
