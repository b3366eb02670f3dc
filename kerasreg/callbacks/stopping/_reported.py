"""The report of a run."""

from typing import Any

from kerasreg.callbacks.stopping._run import Run
from kerasreg.callbacks.stopping.stopping_report import StoppingReport
from kerasreg.callbacks.stopping.top_k import TopK


def report_of(run: Run, rule: Any, step_level: bool) -> StoppingReport:
    """Returns the report of a run.

    Args:
        run: The run.
        rule: Which weights come back.
        step_level: Whether it validates inside of epochs.
    """
    curve, best, stopped = run.curve, run.best, run.stopped
    names = run.monitor.names if len(run.monitor.names) > 1 else []
    return StoppingReport(
        monitor=run.monitor.label,
        direction=curve.direction if curve else None,
        reason=run.reason,
        best_value=best.value if best else None,
        best_epoch=best.epoch if best else None,
        stopped_epoch=stopped.epoch if stopped else None,
        waited=run.wait,
        epochs=tuple(curve.epochs) if curve else (),
        values=tuple(curve.values) if curve else (),
        restored=run.restored,
        best_step=best.step if best else None,
        stopped_step=stopped.step if stopped else None,
        steps=tuple(curve.steps) if curve else (),
        metrics={name: tuple(each[name] for each in run.metrics) for name in names},
        restores=f"the mean of the top {rule.k}" if isinstance(rule, TopK) else rule,
        step_level=step_level,
    )
