"""Penalties on weights and activities: `loss = data loss + penalty`."""

from kerasreg.regularizers.at_step import at_step
from kerasreg.regularizers.elastic_net import ElasticNet
from kerasreg.regularizers.entropy import Entropy
from kerasreg.regularizers.folded import Folded
from kerasreg.regularizers.group_lasso import GroupLasso
from kerasreg.regularizers.hoyer import Hoyer
from kerasreg.regularizers.kl_sparsity import KLSparsity
from kerasreg.regularizers.l1 import L1
from kerasreg.regularizers.l1_l2 import L1L2
from kerasreg.regularizers.l2 import L2
from kerasreg.regularizers.l2_sp import L2SP
from kerasreg.regularizers.orthogonal import Orthogonal
from kerasreg.regularizers.soft_sharing import SoftSharing
from kerasreg.regularizers.sparse_group_lasso import SparseGroupLasso
from kerasreg.regularizers.spectral_norm import SpectralNorm
from kerasreg.regularizers.sum import Sum
from kerasreg.regularizers.total_variation import TotalVariation

__all__ = [
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
]
