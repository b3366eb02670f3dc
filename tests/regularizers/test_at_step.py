import keras
import numpy as np
import pytest
from keras import ops

from kerasreg._backend.compiled import compiled
from kerasreg.regularizers import L2, at_step
from kerasreg.schedules import Linear

RAMP = Linear(0.0, 1.0, steps=10)


@pytest.mark.parametrize(
    "step",
    [4, np.int64(4), np.array(4), ops.convert_to_tensor(4)],
    ids=["int", "scalar", "array", "tensor"],
)
def test_says_the_step(step):
    with at_step(step):
        assert float(L2(RAMP)(ops.ones((5,)))) == pytest.approx(2)
    assert float(L2(RAMP)(ops.ones((5,)))) == 0


def test_takes_the_iterations_of_an_optimizer():
    optimizer = keras.optimizers.SGD()
    optimizer.build([keras.Variable(1.0)])
    optimizer.iterations.assign(7)
    with at_step(optimizer.iterations):
        assert float(L2(RAMP)(ops.ones((1,)))) == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("step", "error"),
    [(-1, ValueError), (1.5, TypeError), ("4", TypeError), (None, TypeError), (True, TypeError)],
)
def test_what_is_no_step_is_refused(step, error):
    with pytest.raises(error, match=r"`step`.*\(at_step\)"), at_step(step):
        pass


@pytest.mark.parametrize("step", [np.array(1.5), np.array([1, 2])], ids=["float", "vector"])
def test_tensors_that_are_no_step_are_refused(step):
    with pytest.raises((TypeError, ValueError), match=r"`step`.*\(at_step\)"), at_step(step):
        pass


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="nothing is fixed on PyTorch")
def test_without_it_compiled_code_would_fix_the_strength():
    with pytest.raises(RuntimeError, match=r"kerasreg\.regularizers\.at_step.*\(L2\)"):
        compiled(L2(RAMP))(ops.ones((2,)))
