"""Bad input meets one form of sentence: argument, rule, value and class."""

import math
import re

import keras
import pytest

from kerasreg import (
    callbacks,
    constraints,
    layers,
    losses,
    models,
    optimizers,
    regularizers,
    schedules,
)

SENTENCE = re.compile(
    r"Invalid value received for argument `(?P<name>\w+)`\. Expected .+\. Received: .+ "
    r"\((?P<owner>\w+)\)\.$",
    re.DOTALL,
)

PENALTIES = [
    (regularizers.L1, "l1"),
    (regularizers.L2, "l2"),
    (regularizers.L1L2, "l1"),
    (regularizers.L1L2, "l2"),
    (regularizers.ElasticNet, "strength"),
]
PLAIN = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="dense")])

BAD_PENALTIES = [(-1, ValueError), (math.inf, ValueError), (math.nan, ValueError), ("a", TypeError)]

CASES = [
    *[(cls, {name: bad}, error) for cls, name in PENALTIES for bad, error in BAD_PENALTIES],
    (regularizers.GroupLasso, {"strength": -1.0}, ValueError),
    (regularizers.GroupLasso, {"axis": 1.5}, TypeError),
    (regularizers.GroupLasso, {"axis": ()}, ValueError),
    (regularizers.GroupLasso, {"axis": (0, 0)}, ValueError),
    (regularizers.GroupLasso, {"size_factor": 1}, TypeError),
    (regularizers.SparseGroupLasso, {"l1_fraction": 1.5}, ValueError),
    (regularizers.SparseGroupLasso, {"axis": "rows"}, TypeError),
    (regularizers.Hoyer, {"squared": None}, TypeError),
    (regularizers.Hoyer, {"axis": (0, 1.0)}, TypeError),
    (regularizers.TotalVariation, {"strength": float("nan")}, ValueError),
    (regularizers.TotalVariation, {"axis": (1, 1)}, ValueError),
    (regularizers.SpectralNorm, {"iterations": 0}, ValueError),
    (regularizers.SpectralNorm, {"iterations": 2.5}, TypeError),
    (regularizers.Orthogonal, {"mode": "SO"}, ValueError),
    (regularizers.Orthogonal, {"mode": 1}, ValueError),
    (regularizers.Orthogonal, {"iterations": True}, TypeError),
    (regularizers.KLSparsity, {"target": 0.0}, ValueError),
    (regularizers.KLSparsity, {"target": 1.0}, ValueError),
    (regularizers.KLSparsity, {"target": "a"}, TypeError),
    (regularizers.Entropy, {"from_logits": "no"}, TypeError),
    (regularizers.Entropy, {"maximize": 0}, TypeError),
    (regularizers.Entropy, {"strength": float("inf")}, ValueError),
    (regularizers.ElasticNet, {"l1_fraction": 1.5}, ValueError),
    (regularizers.ElasticNet, {"l1_fraction": -0.1}, ValueError),
    (regularizers.ElasticNet, {"l1_fraction": None}, TypeError),
    (regularizers.L2SP, {"reference": [1.0], "strength": -1.0}, ValueError),
    (regularizers.L2SP, {"strength": 1.0, "reference": "weights"}, TypeError),
    (regularizers.L2SP, {"strength": 1.0, "reference": [math.inf]}, ValueError),
    (regularizers.SoftSharing, {"reference": None}, TypeError),
    (regularizers.SoftSharing, {"reference": "dense"}, TypeError),
    (regularizers.SoftSharing, {"reference": [[1.0, 2.0]]}, TypeError),
    *[
        (regularizers.SoftSharing, {"reference": keras.layers.Dense(2), **bad}, error)
        for bad, error in [
            ({"strength": -1.0}, ValueError),
            ({"strength": math.nan}, ValueError),
            ({"strength": "a"}, TypeError),
            ({"weight": None}, TypeError),
            ({"gradient": "one"}, ValueError),
        ]
    ],
    (regularizers.Folded, {"penalty": 0.01}, TypeError),
    (regularizers.Folded, {"penalty": "l2"}, TypeError),
    (regularizers.Folded, {"penalty": regularizers.L2}, TypeError),
    (regularizers.Folded, {"penalty": regularizers.Folded(regularizers.L2())}, ValueError),
    *[
        (regularizers.Folded, {"penalty": regularizers.Sum(regularizers.L1(), bad)}, ValueError)
        for bad in (
            regularizers.Folded(regularizers.L2()),
            regularizers.SoftSharing(keras.layers.Dense(2)),
        )
    ],
    *[
        (cls, {"radius": bad}, error)
        for cls in (constraints.L1Ball, constraints.SpectralBall)
        for bad, error in [
            (0.0, ValueError),
            (-1.0, ValueError),
            (math.inf, ValueError),
            ("a", TypeError),
            (None, TypeError),
        ]
    ],
    (constraints.L1Ball, {"axis": ()}, ValueError),
    (constraints.L1Ball, {"axis": (0, 0)}, ValueError),
    (constraints.L1Ball, {"axis": 0.5}, TypeError),
    (layers.Dropout, {"rate": -0.1}, ValueError),
    (layers.Dropout, {"rate": 1.5}, ValueError),
    (layers.Dropout, {"rate": math.nan}, ValueError),
    (layers.Dropout, {"rate": "a"}, TypeError),
    (layers.Dropout, {"rate": None}, TypeError),
    (layers.Dropout, {"rate": True}, TypeError),
    (layers.Dropout, {"rate": schedules.Linear(0.0, 1.5, steps=2)}, ValueError),
    (layers.Dropout, {"rate": 0.5, "seed": "a"}, TypeError),
    (layers.Dropout, {"rate": 0.5, "seed": 1.5}, TypeError),
    (layers.Dropout, {"rate": 0.5, "scaling": "test"}, ValueError),
    (layers.Dropout, {"rate": 0.5, "noise_shape": "a"}, ValueError),
    (layers.Dropout, {"rate": 0.5, "noise_shape": (0, 3)}, ValueError),
    (layers.DropConnect, {"rate": 0.5, "layer": None}, TypeError),
    (layers.DropConnect, {"rate": 0.5, "layer": "dense"}, TypeError),
    *[
        (layers.DropConnect, {"layer": keras.layers.Dense(2), "rate": rate}, error)
        for rate, error in [
            (1.0, ValueError),
            (-0.1, ValueError),
            (math.nan, ValueError),
            ("a", TypeError),
            (schedules.Linear(0.0, 1.0, steps=2), ValueError),
        ]
    ],
    *[
        (layers.DropConnect, {"layer": keras.layers.Dense(2), "rate": 0.5, **bad}, error)
        for bad, error in [
            ({"seed": 1.5}, TypeError),
            ({"weight_names": "kernel"}, TypeError),
            ({"weight_names": (1,)}, TypeError),
            ({"weight_names": ()}, ValueError),
            ({"per_example": 1}, TypeError),
            ({"inference": "median"}, ValueError),
            ({"samples": 0}, ValueError),
            ({"samples": 2.0}, TypeError),
        ]
    ],
    *[
        (layers.DropConnect, {"rate": 0.5, **form, "layer": keras.layers.Conv1D(2, 2)}, ValueError)
        for form in ({"per_example": True}, {"inference": "gaussian"})
    ],
    (layers.ConcreteDropout, {"layer": None}, TypeError),
    *[
        (layers.ConcreteDropout, {"layer": keras.layers.Dense(2), **bad}, error)
        for bad, error in [
            ({"weight_regularizer": -1.0}, ValueError),
            ({"weight_regularizer": "l2"}, TypeError),
            ({"dropout_regularizer": -1.0}, ValueError),
            ({"dropout_regularizer": math.inf}, ValueError),
            ({"seed": "a"}, TypeError),
            ({"temperature": 0.0}, ValueError),
            ({"temperature": None}, TypeError),
            ({"initial_rate": 0.0}, ValueError),
            ({"initial_rate": 1}, ValueError),
            ({"initial_rate": (0.4, 0.2)}, ValueError),
            ({"initial_rate": (0.1, 0.2, 0.3)}, ValueError),
            ({"initial_rate": "a"}, TypeError),
        ]
    ],
    (layers.TargetedDropout, {"rate": 0.5, "target_fraction": 0.5, "layer": None}, TypeError),
    *[
        (
            layers.TargetedDropout,
            {"layer": keras.layers.Dense(2), "rate": 0.5, "target_fraction": fraction},
            error,
        )
        for fraction, error in [
            (1.5, ValueError),
            (None, TypeError),
            (schedules.Linear(0.0, 1.5, steps=2), ValueError),
        ]
    ],
    *[
        (
            layers.TargetedDropout,
            {"layer": keras.layers.Dense(2), "rate": 0.5, "target_fraction": 0.5, **bad},
            error,
        )
        for bad, error in [
            ({"seed": 1.5}, TypeError),
            ({"target": "columns"}, ValueError),
            ({"weight_names": ["kernel", None]}, TypeError),
            ({"inference": "mean"}, ValueError),
        ]
    ],
    (
        layers.TargetedDropout,
        {"layer": keras.layers.Dense(2), "target_fraction": 0.5, "rate": 1.5},
        ValueError,
    ),
    (layers.DropBlock1D, {"block_size": 3, "rate": 1.5}, ValueError),
    (layers.DropBlock2D, {"rate": 0.1, "block_size": 0}, ValueError),
    (layers.DropBlock2D, {"rate": 0.1, "block_size": 2.5}, TypeError),
    (layers.DropBlock2D, {"rate": 0.1, "block_size": (3, 3, 3)}, ValueError),
    (layers.DropBlock2D, {"rate": 0.1, "block_size": 3, "per_channel": None}, TypeError),
    *[
        (layers.DropBlock3D, {"rate": 0.1, "block_size": 3, "data_format": bad}, ValueError)
        for bad in ("last", "", False)
    ],
    *[
        (layers.EmbeddingDropout, {"layer": keras.layers.Embedding(9, 2), **bad}, error)
        for bad, error in [
            ({"rate": 1}, ValueError),
            ({"rate": -0.1}, ValueError),
            ({"rate": "a"}, TypeError),
            ({"rate": schedules.Linear(0.0, 1.0, steps=2)}, ValueError),
            ({"rate": 0.5, "per_example": 1}, TypeError),
            ({"rate": 0.5, "seed": 1.5}, TypeError),
        ]
    ],
    (layers.EmbeddingDropout, {"rate": 0.5, "layer": keras.layers.Dense(2)}, TypeError),
    *[
        (cls, {"rate": schedules.Constant(1 - 1e-9)}, ValueError)
        for cls in (layers.AlphaDropout, layers.FeatureAlphaDropout, layers.GaussianDropout)
    ],
    (layers.PatchDropout, {"rate": 1.5}, ValueError),
    (layers.PatchDropout, {"rate": None}, TypeError),
    (layers.PatchDropout, {"rate": schedules.Linear(0.0, 0.5, steps=2)}, TypeError),
    (layers.PatchDropout, {"rate": 0.5, "class_tokens": -1}, ValueError),
    (layers.PatchDropout, {"rate": 0.5, "class_tokens": True}, TypeError),
    (layers.PatchDropout, {"rate": 0.5, "ordered": None}, TypeError),
    *[
        (layers.MultiSampleDropout, {"layer": keras.layers.Dense(2), **bad}, error)
        for bad, error in [
            ({"samples": 0}, ValueError),
            ({"samples": 2.0}, TypeError),
            ({"samples": 2, "rate": 1.5}, ValueError),
            ({"samples": 2, "rate": "a"}, TypeError),
        ]
    ],
    (layers.MultiSampleDropout, {"samples": 2, "layer": "head"}, TypeError),
    *[
        (cls, {name: bad}, ValueError)
        for cls in (layers.DropPath, layers.StochasticDepth, layers.ShakeDrop)
        for name, bad in [("rate", 1.5), ("survival_probability", 0.8), ("drop_prob", 0.2)]
    ],
    (layers.StochasticDepth, {"mode": "row"}, ValueError),
    (layers.StochasticDepth, {"scaling": "none"}, ValueError),
    (layers.ShakeShake, {"alpha": "keep"}, ValueError),
    (layers.ShakeDrop, {"alpha": 0.5}, TypeError),
    (layers.ShakeDrop, {"beta": (1.0, 0.0)}, ValueError),
    *[
        (cls, {"pool_ratio": 1.5, **bad}, error)
        for cls in (layers.FractionalMaxPooling2D, layers.FractionalAveragePooling3D)
        for bad, error in [
            ({"seed": "a"}, TypeError),
            ({"overlapping": None}, TypeError),
            ({"sequence": "regular"}, ValueError),
            ({"samples": -1}, ValueError),
            ({"samples": 2.0}, TypeError),
            ({"data_format": "last"}, ValueError),
        ]
    ],
    *[
        (layers.FractionalMaxPooling2D, {"pool_ratio": bad}, error)
        for bad, error in [
            (0.5, ValueError),
            (math.inf, ValueError),
            ("a", TypeError),
            (None, TypeError),
            ((1.5, 1.5, 1.5), ValueError),
            ((1.5, 0.9), ValueError),
        ]
    ],
    *[
        (layers.StochasticPooling2D, {"pool_size": 3, **bad}, error)
        for bad, error in [
            ({"strides": 0}, ValueError),
            ({"strides": 1.5}, TypeError),
            ({"strides": (1, 1, 1)}, ValueError),
            ({"padding": "full"}, ValueError),
            ({"data_format": "last"}, ValueError),
            ({"seed": 1.5}, TypeError),
        ]
    ],
    *[
        (layers.StochasticPooling2D, {"pool_size": bad}, error)
        for bad, error in [
            (0, ValueError),
            (2.0, TypeError),
            ((2, 2, 2), ValueError),
            ("a", TypeError),
        ]
    ],
    (layers.TiedDense, {"tied_to": None}, TypeError),
    (layers.TiedDense, {"tied_to": "dense"}, TypeError),
    (layers.TiedDense, {"tied_to": keras.layers.Conv2D(3, 3)}, TypeError),
    *[
        (layers.TiedConv2DTranspose, {"tied_to": keras.layers.Conv2D(3, 3), **bad}, error)
        for bad, error in [
            ({"strides": 0}, ValueError),
            ({"strides": 1.5}, TypeError),
            ({"strides": (1, 2, 3)}, ValueError),
            ({"padding": "causal"}, ValueError),
            ({"padding": ""}, ValueError),
            ({"strides": 2, "output_padding": -1}, ValueError),
            ({"strides": 2, "output_padding": 2}, ValueError),
            ({"data_format": "last"}, ValueError),
            ({"dilation_rate": 0}, ValueError),
            ({"strides": 2, "dilation_rate": 2}, ValueError),
            ({"use_bias": 1}, TypeError),
        ]
    ],
    (layers.TiedConv1DTranspose, {"tied_to": keras.layers.Conv2D(3, 3)}, TypeError),
    (
        layers.TiedConv1DTranspose,
        {"tied_to": keras.layers.Conv1D(3, 3, padding="causal")},
        ValueError,
    ),
    (layers.TiedConv3DTranspose, {"tied_to": None}, TypeError),
    *[
        (cls, {**sizes, name: bad}, error)
        for cls, sizes in [
            (layers.L0Dense, {"units": 2}),
            (layers.L0Conv2D, {"filters": 2, "kernel_size": 3}),
        ]
        for name, bad, error in [
            ("strength", -1.0, ValueError),
            ("strength", "l0", TypeError),
            ("strength", schedules.Linear(0.0, -1.0, steps=2), ValueError),
            ("seed", 1.5, TypeError),
            ("initial_rate", 0.0, ValueError),
            ("initial_rate", 1.5, ValueError),
            ("temperature", 0.0, ValueError),
            ("stretch", 1.1, TypeError),
            ("stretch", (0.0, 1.1), ValueError),
            ("stretch", (-0.1, 1.0), ValueError),
            ("stretch", (-0.1, 0.5, 1.1), ValueError),
        ]
    ],
    (layers.Maxout, {"units": 0}, ValueError),
    (layers.Maxout, {"units": 2.0}, TypeError),
    (layers.Maxout, {"units": None}, TypeError),
    (layers.Maxout, {"units": 2, "axis": 0}, ValueError),
    (layers.Maxout, {"units": 2, "axis": (1, 2)}, TypeError),
    (layers.BatchNormalization, {"momentum": 1.5}, ValueError),
    (layers.BatchNormalization, {"momentum": -0.1}, ValueError),
    (layers.BatchNormalization, {"momentum": "a"}, TypeError),
    (layers.BatchNormalization, {"epsilon": -1.0}, ValueError),
    (layers.BatchNormalization, {"axis": 1.5}, TypeError),
    (layers.GhostBatchNormalization, {"virtual_batch_size": 0}, ValueError),
    (layers.GhostBatchNormalization, {"virtual_batch_size": 2.0}, TypeError),
    (layers.GhostBatchNormalization, {"virtual_batch_size": 2, "momentum": 1.5}, ValueError),
    (layers.GhostBatchNormalization, {"virtual_batch_size": 2, "renorm": True}, TypeError),
    (layers.FilterResponseNormalization, {"epsilon": 0.0}, ValueError),
    (layers.FilterResponseNormalization, {"axis": [1, 2]}, TypeError),
    (layers.FilterResponseNormalization, {"learned_epsilon": 1}, TypeError),
    (layers.TLU, {"affine": "yes"}, TypeError),
    (layers.TLU, {"axis": 1.0}, TypeError),
    (layers.WeightNormalization, {"layer": "dense"}, TypeError),
    (layers.WeightNormalization, {"layer": keras.layers.Dense(2), "data_init": 1}, TypeError),
    (layers.WeightNormalization, {"layer": keras.layers.LSTM(2), "data_init": True}, ValueError),
    (
        layers.WeightNormalization,
        {"layer": keras.layers.Dense(2), "data_init": True, "weight_names": ("bias",)},
        ValueError,
    ),
    (layers.WeightNormalization, {"layer": keras.layers.LSTM(2), "weight_names": "a"}, TypeError),
    (layers.WeightStandardization, {"layer": None}, TypeError),
    (layers.WeightStandardization, {"layer": keras.layers.Dense(2), "epsilon": 0}, ValueError),
    (losses.ConfidencePenalty, {"strength": -0.1}, ValueError),
    (losses.ConfidencePenalty, {"strength": schedules.Linear(0.0, 0.1, steps=9)}, TypeError),
    (losses.ConfidencePenalty, {"from_logits": 1}, TypeError),
    (losses.ConfidencePenalty, {"threshold": 0.0}, ValueError),
    (losses.ConfidencePenalty, {"axis": None}, TypeError),
    (losses.SparseCategoricalCrossentropy, {"label_smoothing": 1.5}, ValueError),
    (losses.SparseCategoricalCrossentropy, {"label_smoothing": "a"}, TypeError),
    (losses.SparseCategoricalCrossentropy, {"ignore_class": 0.5}, TypeError),
    (optimizers.Lookahead, {"base": None}, TypeError),
    (optimizers.Lookahead, {"base": "adm"}, ValueError),
    (
        optimizers.Lookahead,
        {"base": keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD())},
        ValueError,
    ),
    (optimizers.Lookahead, {"base": "sgd", "sync_period": 0}, ValueError),
    (optimizers.Lookahead, {"base": "sgd", "sync_period": 2.5}, TypeError),
    (optimizers.Lookahead, {"base": "sgd", "slow_step_size": 0}, ValueError),
    (optimizers.Lookahead, {"base": "sgd", "slow_step_size": 1.5}, ValueError),
    *[
        (cls, {"model": model}, error)
        for cls in (
            models.WithSAM,
            models.WithJacobianPenalty,
            models.WithRDrop,
            models.WithVAT,
            models.WithManifoldMixup,
        )
        for model, error in [
            (None, TypeError),
            (keras.layers.Dense(2), TypeError),
            (keras.Sequential([keras.layers.Dense(2)]), ValueError),
            (models.WithSAM(PLAIN), ValueError),
        ]
    ],
    *[
        (models.WithSAM, {"model": PLAIN, **bad}, error)
        for bad, error in [
            ({"rho": 0.0}, ValueError),
            ({"rho": math.inf}, ValueError),
            ({"rho": "a"}, TypeError),
            ({"adaptive": 1}, TypeError),
            ({"eta": -0.1}, ValueError),
        ]
    ],
    *[
        (models.WithJacobianPenalty, {"model": PLAIN, **bad}, error)
        for bad, error in [
            ({"strength": -1.0}, ValueError),
            ({"strength": schedules.Linear(0.0, -1.0, steps=2)}, ValueError),
            ({"projections": 0}, ValueError),
            ({"projections": "all"}, TypeError),
            ({"seed": 1.5}, TypeError),
        ]
    ],
    (models.WithRDrop, {"model": PLAIN, "strength": math.nan}, ValueError),
    (models.WithRDrop, {"model": PLAIN, "from_logits": None}, TypeError),
    *[
        (models.WithVAT, {"model": PLAIN, **bad}, error)
        for bad, error in [
            ({"strength": None}, TypeError),
            ({"radius": 0}, ValueError),
            ({"iterations": 0}, ValueError),
            ({"iterations": 1.0}, TypeError),
            ({"probe": -1.0}, ValueError),
            ({"from_logits": "yes"}, TypeError),
        ]
    ],
    *[
        (models.WithManifoldMixup, {"model": PLAIN, **bad}, error)
        for bad, error in [
            ({"alpha": 0.0}, ValueError),
            ({"alpha": schedules.Constant(1.0)}, TypeError),
            ({"where": "dnse"}, ValueError),
            ({"where": 3}, TypeError),
            ({"mix_inputs": False, "where": None}, ValueError),
            ({"mix_inputs": 0}, TypeError),
        ]
    ],
    *[
        (models.Penalize, {"penalty": bad}, error)
        for bad, error in [
            (0.1, TypeError),
            (regularizers.L2, TypeError),
            (keras.constraints.NonNeg(), TypeError),
            ("ridge", ValueError),
        ]
    ],
    *[
        (models.Penalize, {"penalty": "l2", **bad}, error)
        for bad, error in [
            ({"weights": 3}, TypeError),
            ({"weights": []}, ValueError),
            ({"rank": "2"}, TypeError),
            ({"rank": -1}, ValueError),
        ]
    ],
    (models.PenalizeActivity, {"penalty": "l1", "where": None}, TypeError),
    (models.PenalizeActivity, {"where": "dense", "penalty": 0.1}, TypeError),
    (models.Constrain, {"constraint": regularizers.L2()}, TypeError),
    (models.Constrain, {"constraint": "max"}, ValueError),
    *[
        (models.Insert, {"after": "dense", **bad}, error)
        for bad, error in [
            ({"layer": 0.1}, TypeError),
            ({"layer": layers.Dropout}, TypeError),
            ({"layer": layers.Dropout(0.1), "rates": "cosine"}, ValueError),
            ({"layer": layers.Dropout(0.1), "rates": (0.1, 1.5)}, ValueError),
            ({"layer": layers.Dropout(0.1), "rates": 0.1}, TypeError),
        ]
    ],
    (models.Insert, {"layer": layers.Dropout(0.1), "after": None}, ValueError),
    (models.ReplaceDropout, {"rates": (0.1,)}, ValueError),
    (models.ReplaceDropout, {"rates": [-0.1]}, ValueError),
    (callbacks.EarlyStopping, {"patience": -1}, ValueError),
    (callbacks.EarlyStopping, {"patience": 2.5}, TypeError),
    (callbacks.EarlyStopping, {"patience": "a"}, TypeError),
    (callbacks.EarlyStopping, {"patience": None}, TypeError),
    (callbacks.EarlyStopping, {"min_delta": math.nan}, ValueError),
    (callbacks.EarlyStopping, {"mode": "mni"}, ValueError),
    (callbacks.EarlyStopping, {"restore": "worst"}, ValueError),
    (callbacks.EarlyStopping, {"monitor": 3}, TypeError),
    (callbacks.EarlyStopping, {"start_from_epoch": -1}, ValueError),
    (callbacks.EarlyStopping, {"baseline": "a"}, TypeError),
    (callbacks.PenaltyMonitor, {"terms": None}, TypeError),
    (callbacks.PenaltyMonitor, {"terms": 1}, TypeError),
    *[
        (callbacks.SaturationMonitor, {"sample": [[1.0], [2.0]], **bad}, error)
        for bad, error in [
            ({"tolerance": 0.6}, ValueError),
            ({"tolerance": None}, TypeError),
        ]
    ],
    (callbacks.SaturationMonitor, {"sample": [[1.0]]}, ValueError),
    (callbacks.SaturationMonitor, {"sample": "digits"}, TypeError),
]


def test_the_table_is_as_long_as_promised():
    assert len(CASES) >= 40


@pytest.mark.parametrize(("cls", "arguments", "error"), CASES)
def test_constructor(cls, arguments, error):
    with pytest.raises(error) as raised:
        cls(**arguments)
    match = SENTENCE.match(str(raised.value))
    assert match, str(raised.value)
    assert match["name"] == list(arguments)[-1]
    assert match["owner"] == cls.__name__
