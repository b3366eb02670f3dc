"""Ctrl-C during `fit`: the best weights come back, and the signal handler never stays behind."""

import signal
import threading

import keras
import numpy as np
import pytest

from kerasreg.callbacks import EarlyStopping
from tests.callbacks.stopping.playing import At, Report, Weights, fit, small_model


def press_ctrl_c():
    signal.raise_signal(signal.SIGINT)


@pytest.fixture(autouse=True)
def handler():
    """Python's own handler: a process that was started in the background ignores the signal."""
    outside = signal.signal(signal.SIGINT, signal.default_int_handler)
    before = signal.getsignal(signal.SIGINT)
    yield before
    after = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, outside)
    assert after is before


def interrupted_fit(action, stopper, **arguments):
    """Fits with values 3, 1, 2, 2, ... and acts after the first of two batches of epoch 2."""
    weights, steps = Weights(), []
    model = small_model()
    count = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: steps.append(1))
    values = Report("fake", [3, 1, *[2] * 9])
    try:
        fit(model, count, At(2, action), values, weights, stopper, **arguments)
    finally:
        stopper.steps, stopper.weights = len(steps), weights.after
        stopper.final = model.get_weights()
    return model


def stopper_of(**arguments):
    return EarlyStopping("fake", mode="min", patience=99, **arguments)


@pytest.mark.parametrize("validate", [False, True])
def test_the_best_weights_come_back_and_the_interrupt_goes_on(validate):
    stopper = stopper_of()
    with pytest.raises(KeyboardInterrupt):
        interrupted_fit(press_ctrl_c, stopper, validate=validate)
    assert stopper.steps == 5  # two epochs of two, and the batch
    for value, best in zip(stopper.final, stopper.weights[1], strict=True):
        np.testing.assert_array_equal(value, best)
    assert stopper.report.reason == "interrupted"
    assert stopper.report.restored
    assert stopper.report.values == (3, 1)


def test_with_an_averaging_optimizer_the_averages_come_back():
    def averaging():
        return small_model(optimizer=keras.optimizers.SGD(0.1, use_ema=True))

    expected, model, stopper = averaging(), averaging(), stopper_of()
    fit(expected, epochs=2)
    with pytest.raises(KeyboardInterrupt):
        fit(model, At(3, press_ctrl_c), Report("fake", [3, 1, 2, 2, 2]), stopper, epochs=5)
    np.testing.assert_array_equal(model.get_weights()[0], expected.get_weights()[0])


def test_a_validation_that_is_under_way_is_finished_and_counts():
    stopper = EarlyStopping("val_loss", patience=99)
    weights = Weights()
    press = keras.callbacks.LambdaCallback()
    press.on_test_batch_end = lambda batch, logs=None: len(weights.after) == 2 and press_ctrl_c()
    model = small_model()
    with pytest.raises(KeyboardInterrupt):
        fit(model, weights, press, stopper, epochs=9, validation_batch_size=4)
    assert stopper.report.epochs == (0, 1, 2)
    assert stopper.best_epoch == 2
    np.testing.assert_array_equal(model.get_weights()[0], weights.after[2][0])


def test_after_the_last_hook_of_an_epoch_it_goes_on_at_the_end():
    stopper, weights = stopper_of(), Weights()
    press = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: epoch == 2 and press_ctrl_c()
    )
    model = small_model()
    with pytest.raises(KeyboardInterrupt):
        fit(model, Report("fake", [3, 1, 2]), weights, stopper, press, epochs=3)
    assert stopper.report.reason == "interrupted"
    np.testing.assert_array_equal(model.get_weights()[0], weights.after[1][0])


def test_a_second_one_gets_through_at_once():
    stopper = stopper_of()
    with pytest.raises(KeyboardInterrupt):
        interrupted_fit(lambda: (press_ctrl_c(), press_ctrl_c()), stopper)
    assert not stopper.report.restored
    assert stopper.restore()
    np.testing.assert_array_equal(stopper.model.get_weights()[0], stopper.weights[1][0])


def test_before_the_first_value_there_is_nothing_to_restore():
    stopper = EarlyStopping("val_loss", patience=9)
    with pytest.raises(KeyboardInterrupt):
        fit(small_model(), At(0, press_ctrl_c), stopper)
    assert stopper.report.best_value is None


def test_an_own_handler_decides_whether_a_signal_interrupts():
    """Here the third one does."""
    calls = []

    def own(number, frame):
        calls.append(number)
        if len(calls) == 3:
            raise KeyboardInterrupt

    previous = signal.signal(signal.SIGINT, own)
    passing, stopper = stopper_of(), stopper_of()
    try:
        interrupted_fit(lambda: (press_ctrl_c(), press_ctrl_c()), passing)
        with pytest.raises(KeyboardInterrupt):
            interrupted_fit(press_ctrl_c, stopper)
        assert signal.getsignal(signal.SIGINT) is own
        calls.clear()
        with pytest.raises(KeyboardInterrupt):
            interrupted_fit(lambda: [press_ctrl_c() for _ in range(3)], stopper)
    finally:
        signal.signal(signal.SIGINT, previous)
    assert passing.report.reason == "completed"
    assert len(calls) == 3
    assert stopper.report.restored


@pytest.mark.parametrize("ignored", [signal.SIG_IGN, signal.SIG_DFL])
def test_where_no_handler_raises_none_is_installed(ignored):
    previous = signal.signal(signal.SIGINT, ignored)
    found = []
    try:
        interrupted_fit(lambda: found.append(signal.getsignal(signal.SIGINT)), stopper_of())
    finally:
        signal.signal(signal.SIGINT, previous)
    assert found == [ignored]


@pytest.mark.parametrize("presses", [1, 2])
def test_two_callbacks_share_one_handler(presses):
    first, second = stopper_of(), stopper_of()
    press = At(2, lambda: [press_ctrl_c() for _ in range(presses)])
    with pytest.raises(KeyboardInterrupt):
        fit(small_model(), press, Report("fake", [3, 1, 2, 2]), first, second)
    for stopper in (first, second):
        assert stopper.report.restored == (presses == 1)
        assert stopper.report.reason == ("interrupted" if presses == 1 else "unfinished")


def test_nothing_is_installed_when_no_weights_are_kept(handler):
    found = []
    act = lambda: found.append(signal.getsignal(signal.SIGINT))  # noqa: E731
    interrupted_fit(act, stopper_of(restore="last"))
    assert found == [handler]


def test_outside_fit_nothing_is_installed(handler):
    stopper = stopper_of()
    stopper.set_model(small_model())
    stopper.on_train_begin()
    assert signal.getsignal(signal.SIGINT) is handler


def test_in_another_thread_nothing_is_installed(handler):
    found = []
    thread = threading.Thread(
        target=lambda: interrupted_fit(
            lambda: found.append(signal.getsignal(signal.SIGINT)), stopper_of()
        )
    )
    thread.start()
    thread.join()
    assert found == [handler]


def fail():
    raise RuntimeError("broken")


def test_a_fit_that_dies_leaves_no_handler(handler):
    with pytest.raises(RuntimeError, match="broken"):
        interrupted_fit(fail, stopper_of())
    assert signal.getsignal(signal.SIGINT) is handler


class TestWhileATracebackKeepsADeadFit:
    """The handler cannot know yet; it must be as good as gone."""

    @pytest.fixture(autouse=True)
    def dead(self):
        keras.config.disable_traceback_filtering()
        try:
            interrupted_fit(fail, stopper_of())
        except RuntimeError as error:
            self.kept = error
        keras.config.enable_traceback_filtering()
        yield
        del self.kept

    def test_a_signal_goes_to_the_previous_handler_which_is_put_back(self, handler):
        assert signal.getsignal(signal.SIGINT) is not handler
        with pytest.raises(KeyboardInterrupt):
            press_ctrl_c()
        assert signal.getsignal(signal.SIGINT) is handler

    def test_the_next_fit_takes_its_place(self, handler):
        stopper = stopper_of()
        with pytest.raises(KeyboardInterrupt):
            interrupted_fit(press_ctrl_c, stopper)
        assert stopper.report.restored
        assert signal.getsignal(signal.SIGINT) is handler
