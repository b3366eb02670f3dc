"""Runs the random words of kerasreg, and Philox beside them, through dieharder.

Every test of `dieharder -a` is run on its own, on the next part of the stream, so that a result
is kept as soon as it exists and a stopped run goes on where it stopped. Two streams are
ours: one call after another with the seeds in turns, as a layer draws them; and the same element of
consecutive calls side by side, bits reversed, which shows whether calls are independent and
the low bits as good as the high ones. Philox is NumPy's.

    apt-get install dieharder
    python -m benchmarks.random_quality --minutes 60

The tables are in benchmarks/results/random_quality.{json,md}. One p-value in 100 is expected to
be WEAK (below 0.005 or above 0.995) and one in a million FAILED, for perfect random numbers.
"""

import argparse
import json
import pathlib
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from kerasreg import _random

RESULTS = pathlib.Path(__file__).parent / "results" / "random_quality"
SEEDS = (0, 1, 2, 1337, 2**31 - 1)
BLOCK = 2**20
ONCE = (*range(18), 100, 101, 102, 204, 205, 206, 207, 209)
SIZES = {200: range(1, 13), 201: range(2, 6), 202: range(2, 6), 208: range(2), 203: range(33)}
# The lagged sums (203) take longest, so they come last.
TESTS = [(test, 0) for test in ONCE] + [(t, size) for t, sizes in SIZES.items() for size in sizes]
LINE = re.compile(r"^\s*(\w+)\|\s*(\d+)\|\s*(\d+)\|\s*(\d+)\|([\d.]+)\|\s*(PASSED|WEAK|FAILED)")


def calls(start: int) -> Iterator[bytes]:
    """Yields the words of one call after another, the seeds in turns, from block `start` on."""
    generators = [keras.random.SeedGenerator(seed) for seed in SEEDS]
    for seed, generator in zip(SEEDS, generators, strict=True):
        generator.state.assign([seed, start // len(SEEDS)])
    while True:
        for generator in generators:
            yield _call(generator, BLOCK).tobytes()


def calls_side_by_side(start: int) -> Iterator[bytes]:
    """Yields element i of 16 consecutive calls, then element i + 1, all bits reversed."""
    generator = keras.random.SeedGenerator(SEEDS[3])
    generator.state.assign([SEEDS[3], 16 * start])
    while True:
        block = np.stack([_call(generator, BLOCK // 16) for _ in range(16)], axis=1)
        yield _bits_reversed(block).tobytes()


def philox(start: int) -> Iterator[bytes]:
    """Yields the words of NumPy's Philox4x64-10."""
    generator = np.random.Philox(SEEDS[3])
    generator.advance(start * BLOCK // 8)
    while True:
        yield generator.random_raw(BLOCK // 2).tobytes()


@tf.function(jit_compile=True)
def _words(key, size):
    return _random.words(key, (size,))


def _call(generator, size):
    key, _ = _random.next_key(generator, "random_quality")
    return ops.convert_to_numpy(_words(key, size)).astype("<u4", copy=False)


REVERSED_BYTES = np.packbits(
    np.unpackbits(np.arange(256, dtype="u1")).reshape(256, 8), axis=1, bitorder="little"
).ravel()


def _bits_reversed(words):
    return REVERSED_BYTES[words.byteswap().view("u1")].view("<u4")


STREAMS: dict[str, Callable[[int], Iterator[bytes]]] = {
    "kerasreg, calls in turn": calls,
    "kerasreg, calls side by side, reversed": calls_side_by_side,
    "Philox4x64-10": philox,
}


def run_test(stream: Callable[[int], Iterator[bytes]], start: int, test: int, size: int) -> dict:
    """Feeds one dieharder test from block `start` on; returns its p-values and what it read."""
    command = ["dieharder", "-g", "200", "-d", str(test), *(["-n", str(size)] if size else [])]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=False
    ) as process:
        blocks = 0
        try:
            for block in stream(start):
                process.stdin.write(block)
                blocks += 1
        except BrokenPipeError:
            pass
        process.stdin = None
        output = process.stdout.read().decode()
    rows = [LINE.match(line) for line in output.splitlines()]
    values = [
        {"name": row[1], "size": int(row[2]), "p": float(row[5]), "assessment": row[6]}
        for row in rows
        if row
    ]
    return {"test": test, "size": size, "start": start, "blocks": blocks, "values": values}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60, help="no test is begun after these")
    end = time.monotonic() + 60 * parser.parse_args().minutes
    path = RESULTS.with_suffix(".json")
    results = json.loads(path.read_text()) if path.exists() else {name: [] for name in STREAMS}
    for test, size in TESTS:
        for name, stream in STREAMS.items():
            done = results[name]
            if any((entry["test"], entry["size"]) == (test, size) for entry in done):
                continue
            if time.monotonic() > end:
                return
            start = sum(entry["blocks"] for entry in done)
            done.append(run_test(stream, start, test, size))
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(results, indent=1))
            RESULTS.with_suffix(".md").write_text(report(results))


def report(results: dict[str, list[dict]]) -> str:
    """Returns the Markdown tables: counts for each stream, then every value that is not PASSED."""
    version = subprocess.run(["dieharder", "-l"], capture_output=True, text=True).stdout
    lines = [
        "# Random quality",
        "",
        f"dieharder {re.search(r'version ([0-9.]+)', version)[1]}, every test of `dieharder -a` "
        f"({len(TESTS)} tests; the lagged sums run last, in the order of their lags). A perfect "
        "generator has 1 % WEAK.",
        "",
        "| stream | tests | GB read | p-values | PASSED | WEAK | FAILED |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    others = []
    for name, entries in results.items():
        values = [value for entry in entries for value in entry["values"]]
        count = Counter(value["assessment"] for value in values)
        gigabytes = sum(entry["blocks"] for entry in entries) * BLOCK * 4 / 1e9
        lines.append(
            f"| {name} | {len(entries)} | {gigabytes:.0f} | {len(values)} | {count['PASSED']} "
            f"| {count['WEAK']} | {count['FAILED']} |"
        )
        others += [(name, value) for value in values if value["assessment"] != "PASSED"]
    lines += ["", "| stream | test | size | p | assessment |", "|---|---|--:|--:|---|"]
    for name, value in others:
        row = (name, value["name"], value["size"], f"{value['p']:.8f}", value["assessment"])
        lines.append("| " + " | ".join(map(str, row)) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
