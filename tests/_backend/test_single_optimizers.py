import keras
import pytest

from kerasreg._backend.single_optimizers import single_optimizers
from kerasreg.optimizers import Lookahead

SGD, ADAM = keras.optimizers.SGD(), keras.optimizers.Adam()
MAP = keras.optimizers.OptimizerMap(SGD, {"head/.*": ADAM})


@pytest.mark.parametrize(
    ("optimizer", "singles"),
    [
        (SGD, [SGD]),
        (keras.optimizers.LossScaleOptimizer(ADAM), [ADAM]),
        (keras.optimizers.LossScaleOptimizer(Lookahead(SGD)), [SGD]),
        (keras.optimizers.MultiOptimizer(MAP), [ADAM, SGD]),
        (None, [None]),
    ],
    ids=["plain", "loss_scale", "both", "multi", "none"],
)
def test_the_optimizers_inside(optimizer, singles):
    assert single_optimizers(optimizer) == singles
