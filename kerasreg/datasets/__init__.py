"""Embedded default data, every data set of `tensorflow-datasets` and class folders, in one form.

TensorFlow is imported when a `tf.data.Dataset` is first asked for or a folder is read, and
`tensorflow-datasets` when a data set that is not embedded is loaded.
"""

from kerasreg.datasets.audio_folder import audio_folder
from kerasreg.datasets.data_set import DataSet
from kerasreg.datasets.folder_data_set import FolderDataSet
from kerasreg.datasets.folder_split import FolderSplit
from kerasreg.datasets.image_folder import image_folder
from kerasreg.datasets.load import load
from kerasreg.datasets.split import Split

__all__ = [
    "DataSet",
    "FolderDataSet",
    "FolderSplit",
    "Split",
    "audio_folder",
    "image_folder",
    "load",
]
