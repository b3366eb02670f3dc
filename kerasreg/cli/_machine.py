"""What `kerasreg doctor` looks at: software, hardware, settings and a few timings."""

import contextlib
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import keras

import kerasreg
from kerasreg._backend.compiled import compiled
from kerasreg._backend.devices import devices, runs_eagerly, xla_compiles

PACKAGES = (
    "keras",
    "tensorflow",
    "jax",
    "torch",
    "numpy",
    "rich",
    "matplotlib",
    "tensorflow-datasets",
)
VARIABLES = (
    "CUDA_VISIBLE_DEVICES",
    "KERAS_BACKEND",
    "KERASREG_FUSED",
    "OMP_NUM_THREADS",
    "TF_DETERMINISTIC_OPS",
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_XLA_FLAGS",
    "XLA_FLAGS",
)
_SHAPE = (32, 56, 56, 32)
_ROUNDS = 7


@dataclass(frozen=True)
class Machine:
    """The state of one machine, as far as speed depends on it."""

    versions: Mapping[str, str] = field(default_factory=dict)
    backend: str = "tensorflow"
    devices: Mapping[str, str] = field(default_factory=dict)
    has_nvidia: bool = False
    processor: str = ""
    flags: frozenset[str] = frozenset()
    cores: int = 1
    quota: float | None = None
    load: float = 0.0
    xla: bool | None = True
    eager: bool = False
    dtype_policy: str = "float32"
    data_format: str = "channels_last"
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_gpu(self) -> bool:
        """Whether the backend has an accelerator."""
        return any(not name.startswith("CPU") for name in self.devices)


def look() -> Machine:
    """Returns the state of this machine."""
    processor = _cpu_line("model name") or platform.processor() or platform.machine()
    return Machine(
        versions=_versions(),
        backend=keras.config.backend(),
        devices=devices(),
        has_nvidia=Path("/dev/nvidia0").exists() or Path("/proc/driver/nvidia/version").exists(),
        processor=processor,
        flags=frozenset(_cpu_line("flags").split()),
        cores=_cores(),
        quota=_quota(),
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0,
        xla=xla_compiles(),
        eager=runs_eagerly(),
        dtype_policy=keras.config.dtype_policy().name,
        data_format=keras.config.image_data_format(),
        variables={name: os.environ[name] for name in VARIABLES if name in os.environ},
    )


def milliseconds() -> dict[str, float]:
    """Returns what one call takes of each of a few layers in training, and of a copy."""
    x = keras.ops.ones(_SHAPE)
    layers = {
        "kerasreg Dropout": kerasreg.layers.Dropout(0.5, seed=0),
        "keras Dropout": keras.layers.Dropout(0.5, seed=0),
        "kerasreg DropBlock2D": kerasreg.layers.DropBlock2D(0.1, 7, seed=0),
        "kerasreg BatchNormalization": kerasreg.layers.BatchNormalization(),
        "keras BatchNormalization": keras.layers.BatchNormalization(),
    }
    taken = {"one read and one write": _least(compiled(lambda x: x * 1.5, exact_shapes=True), x)}
    for name, layer in layers.items():
        layer.build(_SHAPE)
        taken[name] = _least(compiled(_training(layer), exact_shapes=True), x)
    return taken


def _training(layer: Any) -> Callable[[Any], Any]:
    return lambda x: layer(x, training=True)


def _least(function: Callable[[Any], Any], x: Any) -> float:
    """Returns the least of a few timings: the one that other programs disturbed least."""
    taken = []
    for _ in range(1 + _ROUNDS):
        begin = time.perf_counter()
        y = function(x)
        keras.ops.convert_to_numpy(y[0, 0, 0, 0])
        taken.append(time.perf_counter() - begin)
    return 1e3 * min(taken[1:])


def _versions() -> dict[str, str]:
    found = {"python": sys.version.split()[0], "kerasreg": kerasreg.__version__}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    if found["tensorflow"] == "not installed":  # the same, as a package without CUDA
        with contextlib.suppress(PackageNotFoundError):
            found["tensorflow"] = version("tensorflow-cpu") + " (tensorflow-cpu)"
    return found


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quota() -> float | None:
    """Returns how many processors' time a container may use, None for no bound."""
    file = Path("/sys/fs/cgroup/cpu.max")
    words = file.read_text().split() if file.exists() else []
    if len(words) != 2 or words[0] == "max":
        return None
    return int(words[0]) / int(words[1])


def _cpu_line(name: str) -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "")
