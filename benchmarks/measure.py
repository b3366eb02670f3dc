"""Paired timing: the candidates take turns in one process, so a drifting machine hits all alike."""

import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

Step = Callable[[], object]


class Prepared(Protocol):
    """A step that needs something made anew each time, which is not timed."""

    def prepare(self) -> None:
        """Makes it."""

    def __call__(self) -> object:
        """Does the step."""


@dataclass(frozen=True)
class Timing:
    """Seconds of one candidate, one figure for each round."""

    seconds: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Ratio:
    """How many times longer one candidate takes than another, round by round."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} [{self.low:.2f}-{self.high:.2f}]"


def ratio(slower: Timing, faster: Timing) -> Ratio:
    """Returns the ratio of two timings that were taken in the same rounds."""
    ratios = [a / b for a, b in zip(slower.seconds, faster.seconds, strict=True)]
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))


def alternate(
    candidates: Mapping[str, Step | Prepared], rounds: int, least_seconds: float = 0.02
) -> dict[str, Timing]:
    """Times candidates in turns, in a new random order each round.

    Args:
        candidates: By name, a function that does one step and returns when it is done; what it
            has as `prepare` is called before each step and not timed.
        rounds: Number of rounds.
        least_seconds: A step that is shorter is repeated within its turn to last this long.
    """
    repeats = {}
    for name, step in candidates.items():
        _seconds(step)
        _seconds(step)
        repeats[name] = max(1, round(least_seconds / max(_seconds(step), 1e-7)))
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    order = list(candidates)
    shuffle = random.Random(0).shuffle
    for _ in range(rounds):
        shuffle(order)
        for name in order:
            seconds[name].append(_seconds(candidates[name], repeats[name]) / repeats[name])
    return {name: Timing(taken) for name, taken in seconds.items()}


def _seconds(step: Step | Prepared, repeats: int = 1) -> float:
    """Returns the time of so many steps."""
    prepare = getattr(step, "prepare", None)
    if prepare is None:
        begin = time.perf_counter()
        for _ in range(repeats):
            step()
        return time.perf_counter() - begin
    taken = 0.0
    for _ in range(repeats):
        prepare()
        begin = time.perf_counter()
        step()
        taken += time.perf_counter() - begin
    return taken
