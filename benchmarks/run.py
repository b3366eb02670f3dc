"""Measures kerasreg against its peers: `python -m benchmarks.run [GROUP ...]`.

The table of cases is `cases.py`. Every case runs ours and its peers in turns in this process; a
peer that is not installed is left out, and said so. Results go to
`benchmarks/results/NAME.json` and `NAME.md`. Losses are printed as loudly as wins. The group
`augmentation` runs on the embedded digits, or on images of your own with `--images`.
"""

import argparse
import json
import os
import platform
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from rich.console import Console

from benchmarks import augmentation
from benchmarks.cases import CASES, Case
from benchmarks.measure import Ratio, alternate, ratio

RESULTS = Path(__file__).parent / "results"
PACKAGES = (
    "keras",
    "tensorflow",
    "torch",
    "numpy",
    "opencv-python-headless",
    "albumentations",
    "kerasreg",
)


@dataclass(frozen=True)
class Comparison:
    """Ours against one peer; `speed_up` above 1 means that ours is the faster."""

    case: str
    peer: str
    our_milliseconds: float
    peer_milliseconds: float
    speed_up: Ratio
    goal: str
    reached: bool | None
    items: int = 0

    @property
    def our_rate(self) -> str:
        return self._rate(self.our_milliseconds)

    @property
    def peer_rate(self) -> str:
        return self._rate(self.peer_milliseconds)

    def _rate(self, milliseconds: float) -> str:
        return f" ({self.items / milliseconds * 1e3:,.0f} images/s)" if self.items else ""


def measure(case: Case, rounds: int, console: Console) -> list[Comparison]:
    """Returns the comparisons of one case."""
    steps = {"kerasreg": case.ours()}
    for peer, make in case.peers.items():
        try:
            steps[peer] = make()
        except ImportError as missing:
            console.print(f"{case.name}: {peer} is left out ({missing})")
    timings = alternate(steps, rounds)
    ours = timings.pop("kerasreg")
    comparisons = []
    for peer, timing in timings.items():
        speed_up = ratio(timing, ours)
        goal, reached = _goal(case, peer, speed_up.median, ratio(ours, timing).median)
        comparisons.append(
            Comparison(
                case.name,
                peer,
                ours.median * 1e3,
                timing.median * 1e3,
                speed_up,
                goal,
                reached,
                case.items,
            )
        )
    return comparisons


def _goal(case: Case, peer: str, speed_up: float, share: float) -> tuple[str, bool | None]:
    if peer in case.at_least:
        least = case.at_least[peer]
        return f"at least {least:g}x as fast", speed_up >= least
    if peer in case.at_most:
        most = case.at_most[peer]
        return f"at most {most:g}x its time", share <= most
    return "", None


def environment() -> dict[str, str]:
    """Returns what the figures depend on."""
    found = {"date": date.today().isoformat(), "python": platform.python_version()}
    found |= {"machine": _processor(), "cores": str(len(os.sched_getaffinity(0)))}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def markdown(
    comparisons: list[Comparison], where: dict[str, str], rounds: int, notes: dict[str, str]
) -> str:
    """Returns the report; notes are by the name of the case."""
    lines = [
        "# kerasreg against its peers",
        "",
        f"Medians of {rounds} rounds; in brackets the smallest and largest ratio of a round. "
        "Forward and backward pass unless a case says otherwise. Above 1 kerasreg is the faster.",
        "",
        ", ".join(f"{name}: {value}" for name, value in where.items()),
        "",
        "| case | peer | kerasreg ms | peer ms | peer's time / kerasreg's | goal | reached |",
        "|---|---|--:|--:|--:|---|---|",
    ]
    for c in comparisons:
        reached = "" if c.reached is None else ("yes" if c.reached else "**no**")
        lines.append(
            f"| {c.case} | {c.peer} | {c.our_milliseconds:.3f}{c.our_rate} "
            f"| {c.peer_milliseconds:.3f}{c.peer_rate} | {c.speed_up} | {c.goal} | {reached} |"
        )
    measured = dict.fromkeys(c.case for c in comparisons)
    lines += ["", *(f"- {name}: {notes[name]}" for name in measured if name in notes)]
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("groups", nargs="*", help="the techniques to measure (default: all)")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--name", default="layers_cpu", help="name of the result files")
    parser.add_argument("--dry", action="store_true", help="print only, write no result files")
    parser.add_argument("--images", type=Path, help="NPZ file of uint8 images to augment")
    options = parser.parse_args()
    cases = [*CASES, *augmentation.cases(options.images)]
    console = Console()
    comparisons = []
    for case in cases:
        if options.groups and case.group not in options.groups:
            continue
        for comparison in measure(case, options.rounds, console):
            comparisons.append(comparison)
            lost = comparison.reached is False or comparison.speed_up.median < 1
            console.print(
                f"{comparison.case} against {comparison.peer}: {comparison.speed_up} "
                f"({comparison.our_milliseconds:.2f} ms{comparison.our_rate}; "
                f"{comparison.goal or 'no goal'})",
                style="red" if lost else "green",
                highlight=False,
            )
    if options.dry:
        return
    where = environment()
    RESULTS.mkdir(exist_ok=True)
    rows = {"environment": where, "rounds": options.rounds} | {
        "comparisons": [asdict(comparison) for comparison in comparisons]
    }
    (RESULTS / f"{options.name}.json").write_text(json.dumps(rows, indent=1) + "\n")
    notes = {case.name: case.note for case in cases if case.note}
    report = markdown(comparisons, where, options.rounds, notes)
    (RESULTS / f"{options.name}.md").write_text(report)


if __name__ == "__main__":
    main()
