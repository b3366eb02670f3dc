import keras
import pytest
from keras import ops

from kerasreg._backend.compiled import compiled
from kerasreg._backend.conditional_assignment import assign_when


def assigned(condition, target, other):
    assign_when(condition, [(target, lambda mine, its: mine - 2 * its, (other,))])


@pytest.mark.parametrize(("condition", "expected"), [(True, 1.0), (False, 7.0)])
def test_variable_changes_where_the_condition_holds(condition, expected):
    target, other = keras.Variable(7.0), keras.Variable(3.0)
    assigned(ops.convert_to_tensor(condition), target, other)
    assert float(target) == expected
    assert float(other) == 3.0


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a graph of TensorFlow")
def test_in_a_graph_the_condition_is_that_of_the_call():
    target, other = keras.Variable(7.0), keras.Variable(3.0)
    step = compiled(lambda condition: assigned(condition, target, other))
    for condition, expected in [(False, 7.0), (True, 1.0), (False, 1.0), (True, -5.0)]:
        step(ops.convert_to_tensor(condition))
        assert float(target) == expected
