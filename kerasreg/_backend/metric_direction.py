"""Whether a value that `fit` reports is better when it is lower or higher."""

from typing import Any

DIRECTIONS = {"down": "min", "up": "max"}


def metric_direction(model: Any, name: str) -> str | None:
    """Returns "min" or "max" for a name of Keras' logs, None where nobody says.

    Losses (the total and each output's) are minimised, metrics go by their own direction.

    Private attributes of Keras, which has no public way to ask: `Model._compile_loss` (the
    trackers of the outputs' losses), `Model._compile_metrics` (the metrics of `compile`, whose
    names in the logs are made from the output's name) and `Metric._direction`.

    Args:
        model: A Keras model; of anything else only "loss" is known.
        name: A name as in the logs, with or without `val_`.
    """
    known = _directions(model)
    return known.get(name) or known.get(name.removeprefix("val_"))


def _directions(model: Any) -> dict[str, str | None]:
    metrics = {metric.name: metric for metric in getattr(model, "metrics", ())}
    compiled = getattr(model, "_compile_metrics", None)
    if compiled is not None and compiled.built:
        # `result` names the metrics as the logs do, in the order of `metrics`.
        metrics |= dict(zip(compiled.result(), compiled.metrics, strict=False))
    known = {
        name: DIRECTIONS.get(getattr(metric, "_direction", None))  # type: ignore[arg-type]
        for name, metric in metrics.items()
    }
    losses = getattr(getattr(model, "_compile_loss", None), "metrics", ())
    return known | {loss.name: "min" for loss in losses} | {"loss": "min"}
