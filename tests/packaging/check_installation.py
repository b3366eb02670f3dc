"""Checks a bare installation: it works, and it brought no data set, plotting or test package."""

import statistics
import subprocess
import sys
from importlib.metadata import distributions

OPTIONAL = {"tensorflow-datasets", "matplotlib", "pytest", "scikit-learn", "ruff", "mypy"}
USE = """
import kerasreg, keras
data = kerasreg.datasets.load("digits")
layers = [keras.layers.Flatten(), kerasreg.layers.Dropout(0.5), keras.layers.Dense(10)]
model = keras.Sequential(layers)
model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(data.train.images, data.train.labels, verbose=0)
"""
TIME = """
import time
import keras
begin = time.perf_counter()
import kerasreg
print(time.perf_counter() - begin)
"""
MOST_SECONDS = 0.3


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def main() -> None:
    brought = OPTIONAL & {dist.metadata["Name"].lower() for dist in distributions()}
    if brought:
        sys.exit(f"a bare installation brought {sorted(brought)}")
    python(USE)
    seconds = statistics.median(float(python(TIME)) for _ in range(3))
    print(f"import kerasreg takes {seconds:.2f} s over import keras")
    if seconds > MOST_SECONDS:
        sys.exit(f"more than {MOST_SECONDS} s")


if __name__ == "__main__":
    main()
