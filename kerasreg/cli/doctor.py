"""`kerasreg doctor`: what is installed, what it runs on, what is slow here and why."""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import rich
from rich.markup import escape
from rich.table import Table

from kerasreg.cli._machine import Machine, look, milliseconds

_THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
_COPIES = 5.0
_FLOOR = "one read and one write"


@dataclass(frozen=True)
class Finding:
    """One thing that is slow or missing, why, and what to do about it."""

    what: str
    why: str
    fix: str = ""


def add_parser(verbs: Any) -> None:
    """Adds the verb to the command line."""
    parser = verbs.add_parser(
        "doctor", help="show versions, devices, XLA, backend, and what is slow here and why"
    )
    parser.add_argument("--no-timing", action="store_true", help="leave out the few timings")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints what there is, what it takes, and what to do about it."""
    machine = look()
    taken = {} if options.no_timing else milliseconds()
    rich.print(_facts(machine))
    if taken:
        rich.print(_timings(taken))
    found = [*findings(machine), *too_slow(taken)]
    for each in found:
        rich.print(f"[bold yellow]-[/] [bold]{escape(each.what)}[/]: {escape(each.why)}")
        if each.fix:
            rich.print(f"  [green]{escape(each.fix)}[/]")
    if not found:
        rich.print("[green]Nothing here is slow or missing.[/]")
    return 0


def findings(machine: Machine) -> list[Finding]:
    """Returns what is slow or missing on a machine, what costs most first."""
    checks = (_accelerator, _compilation, _precision, _threads, _missing)
    return [finding for check in checks for finding in check(machine)]


def too_slow(taken: Mapping[str, float]) -> list[Finding]:
    """Returns a finding where the timings are not those that the layers are built for."""
    copies = taken.get("kerasreg Dropout", 0.0) / taken.get(_FLOOR, 1.0)
    if copies <= _COPIES:
        return []
    return [
        Finding(
            "Dropout",
            f"it takes {copies:.1f} times as long as to read and write its tensor, and should take "
            "little more than once.",
            "If nothing above explains it, other programs use this machine: try again.",
        )
    ]


def _accelerator(machine: Machine) -> Iterator[Finding]:
    if machine.has_gpu:
        return
    if machine.has_nvidia:
        hidden = machine.variables.get("CUDA_VISIBLE_DEVICES")
        yield Finding(
            "GPU not used",
            f"there is an NVIDIA GPU, and {machine.backend} does not see it.",
            f"CUDA_VISIBLE_DEVICES={hidden} hides it: unset it."
            if hidden is not None
            else 'pip install "kerasreg[cuda]", which brings CUDA for TensorFlow.',
        )
    else:
        yield Finding("no GPU", "networks with many convolutions train slowly on a processor.")
    if machine.data_format == "channels_first" and machine.backend == "tensorflow":
        yield Finding(
            "channels_first",
            "on a processor TensorFlow transposes for convolutions, or refuses them.",
            'keras.config.set_image_data_format("channels_last")',
        )


def _compilation(machine: Machine) -> Iterator[Finding]:
    if machine.eager:
        yield Finding(
            "eager mode",
            "a setting makes everything run operation by operation.",
            "tf.config.run_functions_eagerly(False)"
            if machine.backend == "tensorflow"
            else 'jax.config.update("jax_disable_jit", False)',
        )
    plain = "random layers run as plain operations, several times slower"
    if machine.xla is False:
        yield Finding("no XLA", f"it cannot compile here: {plain}.")
    elif machine.variables.get("KERASREG_FUSED") == "0":
        yield Finding("KERASREG_FUSED=0", f"{plain}.", "unset KERASREG_FUSED")
    if machine.variables.get("TF_DETERMINISTIC_OPS", "0").lower() in ("1", "true"):
        yield Finding(
            "TF_DETERMINISTIC_OPS",
            "some operations run in one thread, to give the same bits every time.",
            "unset TF_DETERMINISTIC_OPS; kerasreg's own draws are the same without it",
        )
    if machine.variables.get("TF_ENABLE_ONEDNN_OPTS") == "0" and not machine.has_gpu:
        yield Finding(
            "TF_ENABLE_ONEDNN_OPTS=0",
            "TensorFlow's fast convolutions on processors are off.",
            "unset TF_ENABLE_ONEDNN_OPTS",
        )


def _precision(machine: Machine) -> Iterator[Finding]:
    policy = machine.dtype_policy
    fix = 'keras.config.set_dtype_policy("float32")'
    if policy.endswith("float64"):
        yield Finding(policy, "it takes twice the time and memory of float32, or more.", fix)
    if machine.has_gpu:
        return
    if policy in ("float16", "mixed_float16"):
        yield Finding(policy, "processors compute float16 by way of float32.", fix)
    half = {"amx_bf16", "avx512_bf16"}
    if policy in ("bfloat16", "mixed_bfloat16") and not half & machine.flags:
        yield Finding(policy, "this processor has no instructions for bfloat16.", fix)


def _threads(machine: Machine) -> Iterator[Finding]:
    if machine.quota is not None and machine.quota < machine.cores:
        yield Finding(
            "threads",
            f"this container may use the time of {machine.quota:g} processors and sees "
            f"{machine.cores}: the backend starts too many threads.",
            f"export TF_NUM_INTRAOP_THREADS={max(1, round(machine.quota))}",
        )
    for name in _THREADS:
        given = machine.variables.get(name, "")
        if given.isdigit() and 0 < int(given) < min(machine.cores, machine.quota or machine.cores):
            yield Finding(
                f"{name}={given}", f"there are {machine.cores} processors.", f"unset {name}"
            )
    if machine.load > 1.5 * machine.cores:
        yield Finding(
            "busy machine",
            f"{machine.load:.0f} programs wait for {machine.cores} processors: every timing, "
            "those above included, is too long.",
        )


def _missing(machine: Machine) -> Iterator[Finding]:
    uses = {
        "matplotlib": ("no pictures: `kerasreg.report`", 'pip install "kerasreg[plot]"'),
        "tensorflow-datasets": ("embedded data sets only", 'pip install "kerasreg[data]"'),
        "tensorflow": ("no `kerasreg.augment`, no `kerasreg.datasets`", "pip install tensorflow"),
    }
    for package, (why, fix) in uses.items():
        if machine.versions.get(package) == "not installed":
            yield Finding(f"{package} is not installed", f"{why}.", fix)


def _facts(machine: Machine) -> Table:
    table = Table.grid(padding=(0, 2))
    xla = {True: "works", False: "does not work", None: "not used"}[machine.xla]
    quota = "" if machine.quota is None else f", {machine.quota:g} of them by the container's quota"
    facts = {
        "versions": ", ".join(f"{name} {each}" for name, each in machine.versions.items()),
        "backend": f"{machine.backend}, {machine.dtype_policy}, {machine.data_format}",
        "devices": ", ".join(f"{name} {each}".strip() for name, each in machine.devices.items()),
        "processor": f"{machine.processor}, {machine.cores} cores{quota}",
        "XLA": xla,
        "settings": ", ".join(f"{name}={each}" for name, each in machine.variables.items()),
    }
    for name, fact in facts.items():
        table.add_row(f"[bold]{name}[/]", escape(fact or "none"))
    return table


def _timings(taken: Mapping[str, float]) -> Table:
    title = "One call in training, a tensor of 13 MB"
    table = Table(title=title, title_justify="left")
    table.add_column("")
    table.add_column("ms", justify="right")
    table.add_column("copies", justify="right")
    for name, each in taken.items():
        table.add_row(name, f"{each:.2f}", f"{each / taken[_FLOOR]:.1f}")
    return table
