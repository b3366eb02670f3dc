"""Batch normalization's moving statistics computed anew from data, exactly."""

from typing import Any

import keras

from kerasreg import _checks
from kerasreg._statistics._reestimation import Reestimation

_OWNER = "reestimate_batch_norm"


def reestimate_batch_norm(
    model: keras.Model, data: Any, steps: int | None = None, *, batch_size: int = 32
) -> dict[str, int]:
    """Precise batch normalization: population statistics of the weights as they are.

    The moving statistics of training are exponential averages over the last batches, of weights
    that have changed meanwhile. They do not fit weights that were averaged (SWA, EMA) or set, nor
    data that changed. This replaces them by the mean and variance of all values that the layer
    gets from `data`, with n values per channel in batch b, of mean m and variance v:

        mean = sum_b n_b m_b / N        variance = sum_b n_b (v_b + (m_b - mean)**2) / N

    with N = sum_b n_b: batches of any size count by their number of values, masked values do
    not count, and the differences between batches are part of the variance. Layers with
    `unbiased_variance=True` get N / (N - 1) times that.

    One pass over the data serves all layers: while it goes on, each of them normalizes with the
    mean and variance of the whole batch at hand, as in training, so that the layers behind it see
    what they see in training. With batches of a hundred examples or more, that is close to what
    they see at inference; mix the data, as one does for training. A layer that is called more than
    once in a pass gets the statistics of all of its calls.

    All else is as at inference: dropout and augmentation layers are off, as they will be when the
    statistics are used (Li et al. 2019), while PyTorch's `update_bn` leaves them on. Left as they
    are: layers that are frozen (`trainable=False`), layers that the model itself calls with
    `training=False`, and layers that are not called at all. Of layers with `renorm=True`, the
    statistics of the renormalization are set, too.

    Nothing else of the model changes, not even the state of its random layers, recurrent layers
    and metrics, and if an error is raised nothing changes at all. Batch normalization inside of
    the cell of a recurrent layer is refused.

    Differs from the paper, which averages the variances of the batches: here their means spread,
    too, so that the result for the first layer is that of all data in one batch.

    Args:
        model: A built Keras model.
        data: Arrays in the structure of the model's inputs, or batches as `fit` takes them: a
            `tf.data.Dataset`, a `keras.utils.PyDataset`, or any iterable whose items are inputs or
            tuples `(inputs, targets, ...)`. Targets and sample weights are not used. A list of
            arrays is the inputs of a model with several, a list of tuples is batches.
        steps: Number of batches to use, at least 1; needed for data without an end. Fewer are used
            if there are fewer. Defaults to None, all of them.
        batch_size: Examples in a batch, for arrays. Defaults to 32.

    Returns:
        A dict from the path of each layer, such as `"encoder/block1/bn"`, to the number of values
        of a channel that its statistics are now of (the largest one, if a mask makes them differ).
        Layers left as they are, are not in it.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If the model is not built, has no batch normalization layer or none that
            training would update, if `data` holds nothing or arrays of different lengths, if a
            layer gets NaN or infinity from it, if it says that it has no end (a generator cannot)
            and `steps` is None, or if `steps` or `batch_size` is less than 1.

    Example:
        >>> import keras, kerasreg
        >>> norm = keras.layers.BatchNormalization(name="norm")
        >>> model = keras.Sequential([keras.Input((1,)), norm])
        >>> x = keras.ops.array([[1.0], [2.0], [6.0]])
        >>> kerasreg.models.reestimate_batch_norm(model, x, batch_size=2)
        {'norm': 3}
        >>> round(float(norm.moving_mean[0]), 4), round(float(norm.moving_variance[0]), 4)
        (3.0, 4.6667)

    Reference:
        Wu, Johnson 2021, Rethinking "Batch" in BatchNorm, arXiv:2105.07576. Li, Chen, Hu, Yang
        2019, Understanding the Disharmony between Dropout and Batch Normalization by Variance
        Shift, arXiv:1801.05134. Merging of variances: Chan, Golub, LeVeque 1983, Algorithms for
        Computing the Sample Variance, The American Statistician 37.
    """
    _checks.instance("model", model, _OWNER, keras.Model, "a Keras model")
    batch_size = _checks.whole("batch_size", batch_size, _OWNER, low=1)
    if steps is not None:
        steps = _checks.whole("steps", steps, _OWNER, low=1)
    return Reestimation(model, _OWNER).run(data, steps, batch_size)
