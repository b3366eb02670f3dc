"""Kernels as matrices, and their largest singular value."""

import numpy as np
from keras import ops

from kerasreg.regularizers._groups import root
from kerasreg.regularizers._sums import widened


def as_matrix(x):
    """Returns a kernel as a matrix with a column for each output unit or filter.

    That of a convolution, (height, width, inputs, filters), becomes (height * width * inputs,
    filters). A vector becomes one row.
    """
    x = widened(x)
    return ops.reshape(x, (-1, x.shape[-1] if len(x.shape) else 1))


def matmul(a, b):
    """Returns a product of matrices in their dtype: Keras on PyTorch makes float64 float32."""
    return ops.cast(ops.matmul(a, b), a.dtype)


def largest_singular_value(matrix, iterations, start=None):
    """Returns the largest singular value of a matrix, by power iteration, from below.

    Its gradient is that of the singular value, for the vectors found: they are held fixed.

    Args:
        matrix: A tensor of rank 2.
        iterations: Number of multiplications by the matrix and by its transpose.
        start: Vector of the length of a row; defaults to a fixed one of normal numbers.
    """
    if start is None:
        start = np.random.default_rng(0).standard_normal(matrix.shape[1])
    right = ops.reshape(ops.cast(start, matrix.dtype), (-1, 1))
    fixed = ops.stop_gradient(matrix)
    left = _unit(matmul(fixed, right))
    for _ in range(iterations - 1):
        right = _unit(matmul(ops.transpose(fixed), left))
        left = _unit(matmul(fixed, right))
    product = matmul(ops.transpose(matrix), ops.stop_gradient(left))
    return root(ops.sum(ops.square(product)))


def _unit(vector):
    length = root(ops.sum(ops.square(vector)))
    return vector / ops.where(length > 0, length, ops.ones_like(length))
