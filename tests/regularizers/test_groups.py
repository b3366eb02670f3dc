import numpy as np
from keras import ops

from kerasreg.regularizers._groups import group_norms, root


def test_the_root_of_zero():
    np.testing.assert_array_equal(ops.convert_to_numpy(root(ops.array([0.0, 4.0]))), [0.0, 2.0])


def test_the_size_of_a_group_counts_what_does_not_number_groups():
    for axis, size in ((0, 20), (-1, 8), ((0, 1), 5), ((2, 0, 1), 1)):
        norms, found = group_norms(np.ones((2, 4, 5)), axis, "owner")
        assert float(found) == size
        np.testing.assert_allclose(ops.convert_to_numpy(norms), np.sqrt(size), rtol=1e-6)


def test_a_scalar_is_one_group():
    norm, size = group_norms(np.float32(-3.0), -1, "owner")
    assert (float(norm), float(size)) == (3.0, 1.0)
