"""Kills a training again and again, at random moments, and starts it again each time.

    python -m tests.callbacks.stopping.kills --kills 50

After each kill the state on the disk is whole and its best value none the worse; each training
that comes to its end has stopped in the same epoch, with the same weights, as one that nobody
killed. One process imports Keras and forks a child for each start.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import keras
import numpy as np

from kerasreg.callbacks import EarlyStopping
from kerasreg.callbacks._atomic_file import replacing


class Tell(keras.callbacks.Callback):
    """Writes a file when the training begins, and takes a moment for each batch."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def on_epoch_begin(self, epoch, logs=None):
        self.path.touch()

    def on_train_batch_end(self, batch, logs=None):
        time.sleep(0.001)


def train(folder: Path, every_steps: int | None) -> None:
    """Trains, goes on where a killed training was, and writes what came of it."""
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(40, 6)).astype("float32"), rng.normal(size=(40, 1))
    y = (x[:, :1] + noise).astype("float32")
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(16, "tanh")])
    model.add(keras.layers.Dense(1))
    model.compile(keras.optimizers.Adam(0.004), "mse", run_eagerly=True)
    stopper = EarlyStopping(
        patience=4 if every_steps is None else 6,
        snapshot_dir=folder / "stopping",
        every_steps=every_steps,
        restore_optimizer=True,
    )
    backup = keras.callbacks.BackupAndRestore(str(folder / "backup"), double_checkpoint=True)
    model.fit(
        x[:24],
        y[:24],
        batch_size=6,
        epochs=40,
        shuffle=False,
        verbose=0,
        validation_data=(x[24:], y[24:]),
        callbacks=[stopper, backup, Tell(folder / "training")],
    )
    report = stopper.report
    result = {
        "values": report.values,
        "best": [report.best_value, report.best_step],
        "stopped": report.stopped_step,
        "reason": report.reason,
        "weights": [weight.tolist() for weight in model.get_weights()],
    }
    with replacing(folder / "result.json") as partial:
        partial.write_text(json.dumps(result))


def start(folder: Path, every_steps: int | None) -> int:
    """Returns the process id of a child that trains."""
    (folder / "training").unlink(missing_ok=True)
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        with (folder / "errors.txt").open("w") as errors:
            os.dup2(errors.fileno(), sys.stderr.fileno())
            train(folder, every_steps)
            code = 0
    finally:
        os._exit(code)


def wait_for(child: int, ready) -> bool:
    """Waits until something is ready or the child has ended, which it returns."""
    while not ready():
        ended, _ = os.waitpid(child, os.WNOHANG)
        if ended:
            return True
        time.sleep(0.002)
    return False


def best_on_disk(folder: Path) -> float:
    """Returns the best value of the state, whose weights have to be whole."""
    state_file = folder / "stopping" / "state.json"
    if not state_file.exists():
        return float("inf")
    state = json.loads(state_file.read_text())
    for mark, name in state["weights"]:
        with np.load(folder / "stopping" / name) as weights:
            assert all(np.isfinite(weights[key]).all() for key in weights.files if key[0].isdigit())
        assert mark == state["best"]
    return state["best"][2] if state["best"] else float("inf")


def kill_once(folder: Path, every_steps: int | None, longest: float) -> bool:
    """Starts the training and kills it; returns whether it came to its end before."""
    child = start(folder, every_steps)
    if wait_for(child, (folder / "training").exists):
        return _ended(folder)
    until = time.monotonic() + random.uniform(0, longest)
    if wait_for(child, lambda: time.monotonic() > until):
        return _ended(folder)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return (folder / "result.json").exists()


def _ended(folder: Path) -> bool:
    if (folder / "result.json").exists():
        return True
    # Keras writes its backup in place: a kill may have torn it.
    print("Keras' backup cannot be read:", (folder / "errors.txt").read_text().splitlines()[-1:])
    shutil.rmtree(folder / "backup")
    return False


def compare(result: dict, expected: dict) -> None:
    """Raises unless a training has come to the same end as one that nobody killed."""
    for key in ("stopped", "reason", "best"):
        assert result[key] == expected[key], (key, result[key], expected[key])
    assert result["values"] == expected["values"]
    for value, other in zip(result["weights"], expected["weights"], strict=True):
        np.testing.assert_array_equal(value, other)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--every-steps", type=int)
    options = parser.parse_args()
    scratch = Path(tempfile.mkdtemp())
    try:
        plain = scratch / "plain"
        plain.mkdir()
        child = start(plain, options.every_steps)
        wait_for(child, (plain / "training").exists)
        began = time.monotonic()
        wait_for(child, lambda: False)
        longest = (time.monotonic() - began) / 2
        expected = json.loads((plain / "result.json").read_text())
        print(
            f"{2 * longest:.1f} s; stops after step", expected["stopped"], "best", expected["best"]
        )
        kills = endings = 0
        while kills < options.kills or not endings:
            folder = scratch / f"training{endings}"
            folder.mkdir()
            best = float("inf")
            while not kill_once(folder, options.every_steps, longest):
                kills += 1
                print(kills, end=" ", flush=True)
                now = best_on_disk(folder)
                assert now <= best, (now, best)
                best = now
            compare(json.loads((folder / "result.json").read_text()), expected)
            endings += 1
        print(f"{kills} kills, {endings} trainings, each with the end of the one not killed")
    finally:
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
