"""The inventory of public names: a change here changes the interface and needs a changelog line."""

import importlib
from types import ModuleType

import pytest

import kerasreg

INVENTORY = {
    "kerasreg": [
        "augment",
        "callbacks",
        "constraints",
        "datasets",
        "layers",
        "losses",
        "models",
        "optimizers",
        "regularize",
        "regularizers",
        "report",
        "schedules",
    ],
    "kerasreg.augment": [
        "AuditReport",
        "AugMix",
        "Augmenter",
        "AutoAugment",
        "audit",
        "Blur",
        "CutMix",
        "Flip",
        "Zoom",
        "Shear",
        "Perspective",
        "Elastic",
        "Crop",
        "Affine",
        "GaussianNoise",
        "MixUp",
        "MixUpOrCutMix",
        "OneOf",
        "Operation",
        "PixelDropout",
        "RandAugment",
        "RandomApply",
        "Rotate",
        "Sequence",
        "Shift",
        "SomeOf",
        "TrivialAugment",
    ],
    "kerasreg.callbacks": [
        "All",
        "Any",
        "BestCheckpoint",
        "Criterion",
        "Divergence",
        "EarlyStopping",
        "GeneralizationLoss",
        "Patience",
        "GeneralizationGap",
        "PenaltyMonitor",
        "ProgressQuotient",
        "ProximalStep",
        "Rollback",
        "SaturationMonitor",
        "SuccessiveIncreases",
        "Threshold",
        "TimeLimit",
        "TopK",
        "WeightAveraging",
        "WeightDistance",
    ],
    "kerasreg.constraints": ["L1Ball", "SpectralBall"],
    "kerasreg.datasets": [
        "DataSet",
        "FolderDataSet",
        "FolderSplit",
        "Split",
        "audio_folder",
        "image_folder",
        "load",
    ],
    "kerasreg.layers": [
        "AlphaDropout",
        "BatchNormalization",
        "ConcreteDropout",
        "DropBlock1D",
        "DropBlock2D",
        "DropBlock3D",
        "DropConnect",
        "DropPath",
        "Dropout",
        "EmbeddingDropout",
        "FeatureAlphaDropout",
        "FilterResponseNormalization",
        "FractionalAveragePooling1D",
        "FractionalAveragePooling2D",
        "FractionalAveragePooling3D",
        "FractionalMaxPooling1D",
        "FractionalMaxPooling2D",
        "FractionalMaxPooling3D",
        "GaussianDropout",
        "GaussianNoise",
        "GhostBatchNormalization",
        "L0Conv2D",
        "L0Dense",
        "Maxout",
        "MultiSampleDropout",
        "PatchDropout",
        "ShakeDrop",
        "ShakeShake",
        "SpatialDropout1D",
        "SpatialDropout2D",
        "SpatialDropout3D",
        "StochasticDepth",
        "TLU",
        "StochasticPooling1D",
        "StochasticPooling2D",
        "StochasticPooling3D",
        "TargetedDropout",
        "TiedConv1DTranspose",
        "TiedConv2DTranspose",
        "TiedConv3DTranspose",
        "TiedDense",
        "WeightNormalization",
        "WeightStandardization",
        "linear_rates",
    ],
    "kerasreg.losses": ["ConfidencePenalty", "JensenShannon", "SparseCategoricalCrossentropy"],
    "kerasreg.models": [
        "Constrain",
        "Insert",
        "Penalize",
        "PenalizeActivity",
        "ReplaceDropout",
        "freeze_batch_norm",
        "mc_predict",
        "penalty_report",
        "reestimate_batch_norm",
        "regularization_path",
        "regularize",
        "refit",
        "thinned_ensemble",
        "unfreeze_batch_norm",
        "weight_decay_groups",
        "WithJacobianPenalty",
        "WithManifoldMixup",
        "WithRDrop",
        "WithSAM",
        "WithVAT",
        "with_jacobian_penalty",
        "with_manifold_mixup",
        "with_rdrop",
        "with_sam",
        "with_vat",
    ],
    "kerasreg.optimizers": ["Lookahead", "WeightGroups"],
    "kerasreg.regularizers": [
        "ElasticNet",
        "Entropy",
        "Folded",
        "GroupLasso",
        "Hoyer",
        "KLSparsity",
        "L1",
        "L1L2",
        "L2",
        "L2SP",
        "Orthogonal",
        "SoftSharing",
        "SparseGroupLasso",
        "SpectralNorm",
        "Sum",
        "TotalVariation",
        "at_step",
    ],
    "kerasreg.report": [
        "plot_audit",
        "plot_augmentation",
        "plot_generalization_gap",
        "plot_regularization_path",
        "plot_saturation",
        "plot_stopping",
    ],
    "kerasreg.schedules": [
        "Constant",
        "Cosine",
        "Curriculum",
        "Exponential",
        "Linear",
        "Piecewise",
        "Schedule",
    ],
}


def test_every_public_subpackage_has_an_inventory():
    public = {name: vars(kerasreg)[name] for name in vars(kerasreg) if name in kerasreg.__all__}
    subpackages = {name for name, each in public.items() if isinstance(each, ModuleType)}
    assert {f"kerasreg.{name}" for name in subpackages} <= INVENTORY.keys()


@pytest.mark.parametrize("module", INVENTORY)
def test_public_names(module):
    if module in ("kerasreg.augment", "kerasreg.datasets"):
        pytest.importorskip("tensorflow")
    if module == "kerasreg.report":
        pytest.importorskip("matplotlib")
    assert sorted(importlib.import_module(module).__all__) == sorted(INVENTORY[module])


def test_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'dropout'"):
        _ = kerasreg.dropout


def test_subpackages_that_load_on_first_use_are_listed():
    assert {"augment", "datasets", "report"} <= set(dir(kerasreg))
