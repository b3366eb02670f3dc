"""Keras' own tests of its norm penalties, run on ours."""

import pytest
from keras.src.regularizers import regularizers_test as theirs

from kerasreg import regularizers

OURS = ("L1", "L2", "L1L2")
# Not: the orthogonal regularizer, and the strings "l1" and "l2", which mean Keras' classes.
TESTS = [
    name
    for name in dir(theirs.RegularizersTest)
    if name == "test_config" or name.startswith(("test_l1", "test_l2"))
]


@pytest.fixture(autouse=True)
def ours_in_the_place_of_theirs(monkeypatch):
    for name in OURS:
        monkeypatch.setattr(theirs.regularizers, name, getattr(regularizers, name))


@pytest.mark.parametrize("name", TESTS)
def test_of_keras(name):
    theirs.RegularizersTest(name).debug()


def test_the_tests_are_found_and_use_our_classes(monkeypatch):
    assert len(TESTS) >= 10
    monkeypatch.setattr(regularizers.L1, "__call__", lambda self, x: -1.0)
    with pytest.raises(AssertionError):
        theirs.RegularizersTest("test_l1").debug()
