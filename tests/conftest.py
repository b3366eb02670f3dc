"""On another Keras backend than TensorFlow, the tests of what needs TensorFlow are left out."""

import keras

NEEDS_TENSORFLOW = ["augment", "datasets", "examples", "packaging", "test_readme.py"]

collect_ignore = [] if keras.backend.backend() == "tensorflow" else NEEDS_TENSORFLOW
