"""Penalties on weights and activities: `loss = data loss + penalty`."""

from kerasreg.regularizers.elastic_net import ElasticNet
from kerasreg.regularizers.l1 import L1
from kerasreg.regularizers.l1_l2 import L1L2
from kerasreg.regularizers.l2 import L2
from kerasreg.regularizers.soft_sharing import SoftSharing

__all__ = ["L1", "L2", "ElasticNet", "L1L2", "SoftSharing"]
