import keras
import numpy as np
import pytest
from keras import ops

from kerasreg._backend.compiled import compiled, traced


def test_nests_go_in_and_out():
    run = compiled(lambda x, rest: {"sum": x + rest["y"], "all": [x, rest["y"]]})
    found = run(ops.ones(3), {"y": ops.arange(3.0)})
    np.testing.assert_array_equal(ops.convert_to_numpy(found["sum"]), [1, 2, 3])
    np.testing.assert_array_equal(ops.convert_to_numpy(found["all"][1]), [0, 1, 2])


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="PyTorch runs functions as they are")
def test_one_trace_serves_all_calls_of_a_signature():
    traces = []
    run = compiled(lambda x: (traces.append(None), x * 2)[1])
    for value in range(3):
        assert float(run(ops.convert_to_tensor(float(value)))) == 2 * value
    assert len(traces) == 1


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="PyTorch runs functions as they are")
def test_each_trace_knows_all_sizes_if_asked_to():
    sizes = []
    run = compiled(lambda x: (sizes.append(x.shape[0]), x * 2)[1], exact_shapes=True)
    for size in (3, 2, 1, 3):
        run(ops.ones(size))
    assert sizes == [3, 2, 1]


def test_an_error_is_raised_as_it_is():
    def fail(x):
        raise OSError("no such luck")

    with pytest.raises(OSError, match=r"^no such luck"):
        compiled(fail)(ops.ones(3))


def test_tracing_runs_the_python_code_with_the_shapes_of_the_arguments():
    shapes = []

    def note(x, rest):
        shapes.append((tuple(x.shape), tuple(rest["y"][0].shape)))

    traced(note, ops.ones((2, 3)), {"y": [ops.ones(4)]})
    assert shapes == [((2, 3), (4,))]
