"""Layers that regularize: dropout, normalization, tied weights and the rest."""

from kerasreg.layers.activation.maxout import Maxout
from kerasreg.layers.depth.drop_path import DropPath
from kerasreg.layers.depth.linear_rates import linear_rates
from kerasreg.layers.depth.shake_drop import ShakeDrop
from kerasreg.layers.depth.shake_shake import ShakeShake
from kerasreg.layers.depth.stochastic_depth import StochasticDepth
from kerasreg.layers.dropout.alpha_dropout import AlphaDropout
from kerasreg.layers.dropout.concrete_dropout import ConcreteDropout
from kerasreg.layers.dropout.drop_block import DropBlock1D, DropBlock2D, DropBlock3D
from kerasreg.layers.dropout.drop_connect import DropConnect
from kerasreg.layers.dropout.dropout import Dropout
from kerasreg.layers.dropout.embedding_dropout import EmbeddingDropout
from kerasreg.layers.dropout.feature_alpha_dropout import FeatureAlphaDropout
from kerasreg.layers.dropout.gaussian_dropout import GaussianDropout
from kerasreg.layers.dropout.multi_sample_dropout import MultiSampleDropout
from kerasreg.layers.dropout.patch_dropout import PatchDropout
from kerasreg.layers.dropout.spatial_dropout import (
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from kerasreg.layers.dropout.targeted_dropout import TargetedDropout
from kerasreg.layers.noise.gaussian_noise import GaussianNoise
from kerasreg.layers.norm.batch_normalization import BatchNormalization
from kerasreg.layers.norm.filter_response_normalization import FilterResponseNormalization
from kerasreg.layers.norm.ghost_batch_normalization import GhostBatchNormalization
from kerasreg.layers.norm.tlu import TLU
from kerasreg.layers.norm.weight_normalization import WeightNormalization
from kerasreg.layers.norm.weight_standardization import WeightStandardization
from kerasreg.layers.pooling.fractional_average_pooling import (
    FractionalAveragePooling1D,
    FractionalAveragePooling2D,
    FractionalAveragePooling3D,
)
from kerasreg.layers.pooling.fractional_max_pooling import (
    FractionalMaxPooling1D,
    FractionalMaxPooling2D,
    FractionalMaxPooling3D,
)
from kerasreg.layers.pooling.stochastic_pooling import (
    StochasticPooling1D,
    StochasticPooling2D,
    StochasticPooling3D,
)
from kerasreg.layers.sparse.l0_conv import L0Conv2D
from kerasreg.layers.sparse.l0_dense import L0Dense
from kerasreg.layers.tied.tied_conv_transpose import (
    TiedConv1DTranspose,
    TiedConv2DTranspose,
    TiedConv3DTranspose,
)
from kerasreg.layers.tied.tied_dense import TiedDense

__all__ = [
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
]
