"""Embedded default data, and every data set of `tensorflow-datasets`, in one form.

TensorFlow is imported when a `tf.data.Dataset` is first asked for, and `tensorflow-datasets` when
a data set that is not embedded is loaded.
"""

from kerasreg.datasets.data_set import DataSet
from kerasreg.datasets.load import load
from kerasreg.datasets.split import Split

__all__ = ["DataSet", "Split", "load"]
