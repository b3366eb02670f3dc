"""The weights of a model that have a penalty, each with the way to it."""

from typing import Any

from keras import ops

from kerasreg._backend.every_layer import layers_by_path, own_weights
from kerasreg._backend.training_step import at_step, step_of
from kerasreg.schedules._strength import schedules_in


def weights_by_path(model: Any) -> list[tuple[str, Any]]:
    """Returns the weights of a model that have a regularizer, each once, with their paths.

    A path is that of the layer and the name of the weight: `"encoder/dense/kernel"`. A weight that
    stands in several layers has the path of the first. Where several weights have one path, as in a
    subclassed model with layers of one name, the second has `"#2"` after it, and so on.

    Args:
        model: A built model, or any layer.
    """
    seen: set[int] = set()
    times: dict[str, int] = {}
    found = []
    for prefix, layer in [("", model), *layers_by_path(model)]:
        for weight in own_weights(layer):
            if weight.regularizer is None or id(weight) in seen:
                continue
            seen.add(id(weight))
            path = f"{prefix}/{weight.name}" if prefix else weight.name
            times[path] = times.get(path, 0) + 1
            found.append((path if times[path] == 1 else f"{path}#{times[path]}", weight))
    return found


def penalized_paths(model: Any) -> list[str]:
    """Returns the paths of the weights whose penalties Keras adds to the loss, in its order.

    Those are the trainable ones, in the order in which their penalties end `Model.losses`.

    Args:
        model: A built model.
    """
    paths = {id(weight): path for path, weight in weights_by_path(model)}
    return [
        paths.get(id(weight), weight.path)
        for weight in model.trainable_weights
        if weight.regularizer is not None
    ]


def left_out_values(model: Any) -> dict[str, float]:
    """Returns what folded penalties leave out of the loss now, by the paths of `penalized_paths`.

    Args:
        model: A built model.
    """
    with at_step(step_of(model)):
        return {
            path: float(ops.convert_to_numpy(penalty.left_out(weight)))
            for path, weight, penalty in _penalized(model)
            if hasattr(penalty, "left_out")
        }


def scheduled_strengths(model: Any) -> dict[str, float]:
    """Returns the strengths that follow schedules as they are now: `"dense/kernel/l2"` and so on.

    Args:
        model: A built model.
    """
    step = ops.cast(ops.convert_to_tensor(step_of(model)), "int32")
    found: dict[str, float] = {}
    for path, _, penalty in _penalized(model):
        for name, schedule in schedules_in(penalty):
            times = sum(each.split("#")[0] == f"{path}/{name}" for each in found)
            number = f"#{times + 1}" if times else ""
            found[f"{path}/{name}{number}"] = float(ops.convert_to_numpy(schedule(step)))
    return found


def _penalized(model):
    weights = [weight for weight in model.trainable_weights if weight.regularizer is not None]
    return [(p, w, w.regularizer) for p, w in zip(penalized_paths(model), weights, strict=True)]
