"""The table of measured cases: ours, its peers, and the ratios that ours has to reach."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import keras
import numpy as np

from benchmarks import averages
from benchmarks.peers import (
    KerasCVDropBlock,
    KerasCVDropPath,
    Step,
    floor,
    tensorflow_fractional_pool,
    tensorflow_step,
    timm_drop_block,
    torch_step,
)
from benchmarks.penalized import penalized_network
from benchmarks.snapshots import LARGE, SMALL, device_snapshot, keras_own, nothing, snapshot_step
from kerasreg import _backend, layers, regularizers

IMAGES = (32, 56, 56, 64)
FLOOR = "floor x*c"


@dataclass(frozen=True)
class Case:
    """One measurement.

    Args:
        group: The technique, by which cases are chosen.
        name: What is measured.
        ours: Makes kerasreg's step.
        peers: Makes each peer's step.
        at_least: By peer, how many times as fast as the peer ours has to be.
        at_most: By peer, how many times as long as the peer ours may take.
        note: What there is to know about a goal that is not reached, or barely.
        items: Number of images in a step, where a rate says more than a time. 0 for no rate.
    """

    group: str
    name: str
    ours: Callable[[], Step]
    peers: Mapping[str, Callable[[], Step]]
    at_least: Mapping[str, float] = field(default_factory=dict)
    at_most: Mapping[str, float] = field(default_factory=dict)
    note: str = ""
    items: int = 0


def layer_case(
    ours: Callable[[], Callable],
    peer: Callable[[], Callable],
    shape: tuple[int, ...],
    dtype: str = "float32",
    mode: str = "graph",
    *,
    at_least: float,
    floor_at_most: float | None = None,
    more_peers: Mapping[str, Callable[[], Step]] | None = None,
    more_goals: Mapping[str, float] | None = None,
    peer_name: str = "Keras",
    fused: bool = True,
    note: str = "",
) -> Case:
    """Returns the case of a layer against a peer's layer and the copy floor, with gradients.

    With `fused=False` ours runs on plain operations, as where XLA is not available.
    """

    def step(make: Callable[[], Callable]) -> Step:
        return tensorflow_step(make(), shape, dtype, mode)

    def our_step() -> Step:
        _backend.use_fused(fused)
        traced = step(ours)
        traced()
        _backend.use_fused(True)
        return traced

    return Case(
        group=type(ours()).__name__,
        name=f"{type(ours()).__name__} {dtype} {'x'.join(map(str, shape))} {mode}"
        + ("" if fused else " without XLA"),
        ours=our_step,
        peers={
            peer_name: partial(step, peer),
            FLOOR: partial(step, lambda: floor),
            **(more_peers or {}),
        },
        at_least={peer_name: at_least, **(more_goals or {})},
        at_most={FLOOR: floor_at_most} if floor_at_most else {},
        note=note,
    )


def torch_dropout(shape: tuple[int, ...], dtype: str) -> Callable[[], Step]:
    def make():
        from torch.nn import functional

        return torch_step(lambda x: functional.dropout(x, 0.5), shape, dtype)

    return make


def torch_drop_block(channels_last: bool) -> Callable[[], Step]:
    batch, height, width, channels = IMAGES
    return lambda: torch_step(
        timm_drop_block(0.1, 7), (batch, channels, height, width), "float32", channels_last
    )


def small_network(dropout: Callable[[float], keras.layers.Layer] | None) -> Step:
    """Returns one compiled training step of a small convolutional network."""
    stack = [keras.Input((28, 28, 1))]
    for filters in (32, 64):
        stack += [keras.layers.Conv2D(filters, 3, activation="relu")]
        stack += [dropout(0.25)] if dropout else []
    stack += [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(10)]
    model = keras.Sequential(stack)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, jit_compile=True)
    generator = np.random.default_rng(0)
    x = generator.normal(size=(64, 28, 28, 1)).astype("float32")
    y = generator.integers(0, 10, 64)
    return lambda: model.train_on_batch(x, y)


def penalty_cases(jit_compile: bool) -> list[Case]:
    """Returns the rows of plain and folded penalties on the weights of a deep network."""
    plain = {
        "L1": (partial(regularizers.L1, 1e-5), partial(keras.regularizers.L1, 1e-5)),
        "L2": (partial(regularizers.L2, 1e-4), partial(keras.regularizers.L2, 1e-4)),
        "elastic net": (
            partial(regularizers.L1L2, 1e-5, 1e-4),
            partial(keras.regularizers.L1L2, 1e-5, 1e-4),
        ),
    }
    rows, most = [], 1.05 if jit_compile else 1.2
    step = partial(penalized_network, jit_compile=jit_compile)
    where = "20 dense layers of 1024, training step" + ", XLA" * jit_compile
    for name, (ours, theirs) in plain.items():
        rows += [
            Case(
                group="penalty",
                name=f"{name}, {where}",
                ours=partial(step, ours),
                peers={"Keras": partial(step, theirs)},
                at_least={"Keras": 1.0},
            ),
            Case(
                group="folded",
                name=f"folded {name}, {where}",
                ours=partial(step, lambda ours=ours: regularizers.Folded(ours())),
                peers={"no penalty": partial(step, None), "Keras": partial(step, theirs)},
                at_most={"no penalty": most},
            ),
        ]
    return rows


def dropout_case(shape, dtype="float32", mode="graph", **goals) -> Case:
    peers = {"torch": torch_dropout(shape, dtype)} if mode == "graph" else {}
    return layer_case(
        partial(layers.Dropout, 0.5, dtype=dtype),
        partial(keras.layers.Dropout, 0.5, dtype=dtype),
        shape,
        dtype,
        mode,
        more_peers=peers,
        **goals,
    )


def snapshot_case(count: int, size: int, update: bool, at_least: float) -> Case:
    """Returns the case of storing weights against Keras' `get_weights`."""
    peers = {"Keras": partial(snapshot_step, count, size, keras_own, update)}
    if update:
        peers["update alone"] = partial(snapshot_step, count, size, nothing, update)
    name = f"snapshot of {count} x {size}" + (" and the next update" if update else "")
    return Case(
        group="EarlyStopping",
        name=name,
        ours=partial(snapshot_step, count, size, device_snapshot, update),
        peers=peers,
        at_least={"Keras": at_least},
    )


def averaging_case(count: int, size: int) -> Case:
    """Returns the case of an optimizer's update with a moving average of the weights."""
    step = partial(averages.averaged_update, count, size)
    return Case(
        group="WeightAveraging",
        name=f"update and moving average of {count} x {size}",
        ours=partial(step, "kerasreg"),
        peers={"Keras use_ema": partial(step, "Keras"), "update alone": partial(step, "none")},
        note="Keras averages within the compiled step and only what is trained; ours leaves the "
        "step as it is and averages behind it, with `every_steps=10` in every tenth.",
    )


def drop_in_case(name: str, argument: float, **goals) -> Case:
    ours, keras_own = getattr(layers, name), getattr(keras.layers, name)
    return layer_case(partial(ours, argument), partial(keras_own, argument), IMAGES, **goals)


def batch_norm_case(shape, dtype="float32", mode="graph", **goals) -> Case:
    return layer_case(
        partial(layers.BatchNormalization, dtype=dtype),
        partial(keras.layers.BatchNormalization, dtype=dtype),
        shape,
        dtype,
        mode,
        **goals,
    )


WITHOUT_XLA = (
    "Plain operations give the mask of the kernel, bit for bit, in some twenty passes over memory, "
    "and again for the gradient; Keras makes about five, one of them Philox, and stores its mask. "
    "Tried: the index as a sum of two ranges (7 % less), blocks of the tensor one after the other "
    "by `tf.map_fn` (no gain) or as a graph of 14 to 98 parts (1.3 to 3 times slower). One byte a "
    "value from TensorFlow's Philox would be fast, but it would be another mask."
)
ON_THE_BOUND = (
    "The median lies on the bound and comes out on either side of it: {} in three runs on a "
    "machine whose clock drifts. The kernel is the same as for larger tensors and for float32."
)
SMALL_NETWORK = (
    "XLA on the CPU draws the first mask twice: it fuses it into the transposed copy of the "
    "activations that the second convolution's weight gradient reads, too. An optimization "
    "barrier does not hold it off, as XLA removes barriers before it fuses."
)


def fractional_case(
    name: str, operation: str, dtype: str = "float32", mode: str = "graph", **goals
) -> Case:
    """Returns a case against TensorFlow's operation, or against ordinary pooling where it fails.

    TensorFlow's knows neither XLA nor half precision.
    """
    ordinary = name.replace("Fractional", "")
    refused = mode == "xla" or dtype != "float32"
    return layer_case(
        partial(getattr(layers, name), 1.41, dtype=dtype),
        partial(getattr(keras.layers, ordinary), 2, dtype=dtype)
        if refused
        else partial(tensorflow_fractional_pool, operation, 1.41),
        IMAGES,
        dtype,
        mode,
        peer_name="Keras, pool_size=2" if refused else f"tf.nn.{operation}",
        **goals,
    )


CASES = (
    dropout_case((16, 128), at_least=0.9),
    dropout_case((64, 256), at_least=0.9),
    dropout_case((128, 256), at_least=0.9),
    dropout_case((128, 1024), at_least=2.0, note=ON_THE_BOUND.format("2.01x, 2.03x and 1.97x")),
    dropout_case((256, 4096), at_least=3.0, floor_at_most=2.2),
    dropout_case((8, 512, 768), at_least=3.0, floor_at_most=2.2),
    dropout_case(IMAGES, at_least=3.0, floor_at_most=2.2),
    dropout_case(
        (8, 512, 768),
        "float16",
        at_least=10.0,
        note=ON_THE_BOUND.format("10.0x, 10.4x and 9.3x"),
    ),
    dropout_case((8, 512, 768), "bfloat16", at_least=4.0),
    dropout_case((128, 1024), mode="eager", at_least=0.9),
    dropout_case((256, 4096), mode="xla", at_least=100.0, floor_at_most=2.0),
    dropout_case(IMAGES, mode="xla", at_least=100.0, floor_at_most=2.0),
    dropout_case((128, 1024), at_least=1.7, fused=False, note=WITHOUT_XLA),
    dropout_case(IMAGES, at_least=1.7, fused=False, note=WITHOUT_XLA),
    drop_in_case("SpatialDropout2D", 0.5, at_least=1.8),
    drop_in_case("AlphaDropout", 0.5, at_least=4.0),
    drop_in_case("GaussianNoise", 0.5, at_least=2.5),
    drop_in_case("GaussianDropout", 0.5, at_least=2.0),
    layer_case(
        partial(layers.DropBlock2D, 0.1, 7),
        partial(KerasCVDropBlock, 0.1, 7),
        IMAGES,
        at_least=4.0,
        peer_name="KerasCV's algorithm",
        more_peers={
            "timm's algorithm": torch_drop_block(channels_last=False),
            "timm's algorithm, channels last": torch_drop_block(channels_last=True),
        },
        more_goals={"timm's algorithm": 8.0, "timm's algorithm, channels last": 8.0},
    ),
    layer_case(
        partial(layers.DropPath, 0.2),
        partial(KerasCVDropPath, 0.2),
        IMAGES,
        at_least=1.0,
        floor_at_most=1.3,
        peer_name="KerasCV's algorithm",
    ),
    fractional_case("FractionalMaxPooling2D", "fractional_max_pool", at_least=1.0),
    fractional_case("FractionalMaxPooling2D", "fractional_max_pool", fused=False, at_least=0.9),
    fractional_case("FractionalMaxPooling2D", "fractional_max_pool", mode="xla", at_least=1.0),
    fractional_case("FractionalMaxPooling2D", "fractional_max_pool", "float16", at_least=1.0),
    fractional_case("FractionalAveragePooling2D", "fractional_avg_pool", at_least=1.0),
    layer_case(
        partial(layers.StochasticPooling2D, 2),
        partial(keras.layers.MaxPooling2D, 2),
        IMAGES,
        at_least=0.4,
        peer_name="Keras, max pooling",
    ),
    batch_norm_case(IMAGES, at_least=3.0),
    batch_norm_case(IMAGES, "bfloat16", at_least=5.0),
    batch_norm_case(IMAGES, "float16", at_least=1.0),
    batch_norm_case(IMAGES, mode="xla", at_least=1.4),
    batch_norm_case((256, 1024), at_least=1.2),
    batch_norm_case((256, 1024), mode="xla", at_least=1.0),
    batch_norm_case((32, 7, 7, 512), at_least=1.0),
    batch_norm_case((32, 7, 7, 512), mode="xla", at_least=1.0),
    batch_norm_case((32, 64), at_least=1.0),
    batch_norm_case((8, 8, 8, 16), at_least=1.0),
    Case(
        group="network",
        name="small CNN, one training step, jit_compile=True",
        ours=partial(small_network, layers.Dropout),
        peers={
            "Keras": partial(small_network, keras.layers.Dropout),
            "no dropout": partial(small_network, None),
        },
        at_most={"no dropout": 1.15},
        note=SMALL_NETWORK,
    ),
    *penalty_cases(jit_compile=False),
    *penalty_cases(jit_compile=True),
    snapshot_case(*LARGE, update=True, at_least=1.0),
    snapshot_case(*SMALL, update=False, at_least=4.0),
    averaging_case(*averages.LARGE),
    averaging_case(*averages.SMALL),
)
