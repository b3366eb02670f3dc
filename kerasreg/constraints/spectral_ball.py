"""The projection onto a spectral ball."""

import keras
from keras import ops

from kerasreg import _checks
from kerasreg._register import register

# By 1.5 each, they bring a singular value from 1e-7 of the norm, the resolution of float32, to 1.
_ITERATIONS = 44
_ROUNDING = 1e-6


@register
class SpectralBall(keras.constraints.Constraint):
    """Spectral ball: the singular values of a kernel are bounded.

    After each update, a kernel outside of the ball becomes the closest one inside, in the Euclidean
    norm of its elements: with the singular values s of `W = U diag(s) V^T`,

        W = U diag(min(s, radius)) V^T

    so that the layer, as a linear map, stretches no input by more than `radius`. Unlike division by
    the largest singular value, as in spectral normalization, it leaves the others as they are.

    The kernel of a convolution, (height, width, inputs, filters), is taken for the matrix of shape
    (height * width * inputs, filters), as is common; the convolution itself may stretch inputs by
    up to the square root of height * width times more. A vector is one row.

    The projection is `W - Q max(H - radius, 0)` with `W = Q H`, the polar decomposition, in which
    both the polar factor and the absolute value of `H - radius` come from the Newton-Schulz
    iteration: products of matrices only, to the precision of float32 (on GPUs, that of their
    products of matrices: about 1e-3 with TensorFloat-32). A singular value decomposition gives the
    same, but takes XLA 17 s for 256 x 256 weights on TensorFlow, where this takes 16 ms. It is
    still slow: some 180 products of matrices after each update, more than the update itself;
    `kerasreg.regularizers.SpectralNorm` is the cheap way to small singular values. A kernel that is
    inside the ball stays as it is. In half precision it is computed in float32.

    Differs from the paper in the kernel of a convolution, for which the paper clips the singular
    values of the convolution as a map of images of a given size.

    Args:
        radius: The largest singular value, a finite float above 0. Defaults to 1.

    Raises:
        TypeError: If `radius` is not a number.
        ValueError: If `radius` is not finite or not above 0.

    Example:
        >>> import keras, kerasreg
        >>> ball = kerasreg.constraints.SpectralBall(1.0)
        >>> w = ball(keras.ops.array([[4.0, 0.0], [0.0, 0.5]]))
        >>> keras.ops.convert_to_numpy(w).round(4).tolist()
        [[1.0, 0.0], [0.0, 0.5]]

    Reference:
        Sedghi, Gupta, Long 2019, The Singular Values of Convolutional Layers, arXiv:1805.10408.
        Kernels as matrices: Yoshida, Miyato 2017, arXiv:1705.10941. The iteration: Higham 2008,
        Functions of Matrices, SIAM, chapters 5 and 8.
    """

    def __init__(self, radius=1.0):
        self.radius = _checks.positive("radius", radius, self)

    def __call__(self, w):
        """Returns the projection of weights."""
        w = ops.convert_to_tensor(w)
        wide = ops.cast(w, keras.backend.result_type(w.dtype, "float32"))
        matrix = ops.reshape(wide, (-1, w.shape[-1] if len(w.shape) else 1))
        if matrix.shape[0] < matrix.shape[1]:
            clipped = ops.transpose(clip_singular_values(ops.transpose(matrix), self.radius))
        else:
            clipped = clip_singular_values(matrix, self.radius)
        return ops.cast(ops.reshape(clipped, w.shape), w.dtype)

    def get_config(self):
        """Returns the arguments."""
        return {"radius": self.radius}


def clip_singular_values(matrix, radius):
    """Returns a matrix with its singular values above `radius` made `radius`.

    Args:
        matrix: A tensor of rank 2, with at least as many rows as columns.
        radius: A number above 0.
    """
    polar = _unitary(matrix)
    stretch = _matmul(ops.transpose(polar), matrix)
    over = (stretch + ops.transpose(stretch)) / 2
    over = over - radius * ops.eye(matrix.shape[1], dtype=matrix.dtype)
    excess = (over + _matmul(_unitary(over), over)) / 2
    is_inside = _norm(excess) <= _ROUNDING * _norm(over)
    return ops.where(is_inside, matrix, matrix - _matmul(polar, excess))


def _unitary(matrix):
    """Returns U V^T of a matrix U diag(s) V^T, without what has singular values near 0."""
    norm = _norm(matrix)
    scaled = matrix / ops.where(norm > 0, norm, ops.ones_like(norm))

    def nearer(_, x):
        return 1.5 * x - 0.5 * _matmul(x, _matmul(ops.transpose(x), x))

    return ops.fori_loop(0, _ITERATIONS, nearer, scaled)


def _norm(x):
    return ops.sqrt(ops.sum(ops.square(x)))


def _matmul(a, b):
    return ops.cast(ops.matmul(a, b), a.dtype)  # Keras on PyTorch makes float64 float32
