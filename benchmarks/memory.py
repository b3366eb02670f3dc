"""Peak memory of twelve stacked dropouts, forward and backward: `python -m benchmarks.memory`.

Each variant runs in a process of its own, whose allocator returns every freed block at once (no
oneDNN, whose allocator keeps them), so that the peak resident size is that of the live tensors.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

SHAPE = (32, 56, 56, 64)
DEPTH = 12
ROUNDS = 3
VARIANTS = ("none", "keras", "kerasreg")
RESULTS = Path(__file__).parent / "results"


def peak_megabytes(variant: str, mode: str) -> float:
    """Returns by how much one step raises the resident size of this process, at its peak."""
    import keras
    import tensorflow as tf

    from benchmarks.peers import floor
    from kerasreg import layers

    make = {
        "none": lambda: floor,
        "keras": lambda: keras.layers.Dropout(0.5),
        "kerasreg": lambda: layers.Dropout(0.5),
    }[variant]
    stack = [make() for _ in range(DEPTH)]
    x = tf.random.normal(SHAPE)

    @tf.function(jit_compile=mode == "xla", autograph=False)
    def step(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x
            for layer in stack:
                y = layer(y, training=True)
            loss = tf.reduce_sum(y)
        return tape.gradient(loss, x)

    step(x)
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    step(x)
    return (_status("VmHWM") - before) / 1024


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def measure(variant: str, mode: str) -> list[float]:
    """Returns the peaks of several processes."""
    environment = os.environ | {
        "MALLOC_MMAP_THRESHOLD_": "65536",
        "MALLOC_TRIM_THRESHOLD_": "65536",
        "TF_ENABLE_ONEDNN_OPTS": "0",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    command = [sys.executable, "-m", "benchmarks.memory", variant, mode]
    run = lambda: subprocess.run(  # noqa: E731
        command, env=environment, capture_output=True, text=True, check=True
    )
    return sorted(float(run().stdout.split()[-1]) for _ in range(ROUNDS))


def main() -> None:
    if len(sys.argv) == 3:
        print(peak_megabytes(sys.argv[1], sys.argv[2]))
        return
    tensor = 4 * SHAPE[0] * SHAPE[1] * SHAPE[2] * SHAPE[3] / 2**20
    rows = {
        mode: {variant: measure(variant, mode) for variant in VARIANTS} for mode in ("graph", "xla")
    }
    RESULTS.mkdir(exist_ok=True)
    record = {"tensor_megabytes": tensor, "depth": DEPTH, "peak_megabytes": rows}
    (RESULTS / "memory_cpu.json").write_text(json.dumps(record, indent=1) + "\n")
    lines = [
        "# Peak memory of twelve stacked dropouts",
        "",
        f"Megabytes above the resting size during one forward and backward pass on a tensor of "
        f"{tensor:.1f} MB; median of {ROUNDS} processes [smallest-largest].",
        "",
        "| mode | " + " | ".join(VARIANTS) + " |",
        "|---|" + "--:|" * len(VARIANTS),
    ]
    for mode, variants in rows.items():
        cells = [f"{v[len(v) // 2]:.0f} [{v[0]:.0f}-{v[-1]:.0f}]" for v in variants.values()]
        lines.append(f"| {mode} | " + " | ".join(cells) + " |")
    text = "\n".join([*lines, ""])
    (RESULTS / "memory_cpu.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
