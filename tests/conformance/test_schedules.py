"""Every schedule through the same checks; the rows stand in `cases.py`."""

import keras
import numpy as np
import pytest
from keras import ops

from tests.conformance.cases import CASES, ScheduleCase

every_schedule = pytest.mark.parametrize(
    "case", [case for case in CASES if isinstance(case, ScheduleCase)], ids=str
)


@every_schedule
def test_config_round_trip(case):
    schedule = case.make()
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert copy == schedule
    assert hash(copy) == hash(schedule)
    assert {name: getattr(copy, name) for name in case.arguments} == dict(case.arguments)


@every_schedule
def test_values(case):
    steps, values = list(case.values), list(case.values.values())
    np.testing.assert_allclose(case.make().sample(steps), values, rtol=1e-6, atol=1e-7)


@every_schedule
def test_a_traced_step_gives_the_same_scalar(case):
    schedule = case.make()

    class Probe(keras.layers.Layer):
        def call(self, step):
            return ops.vectorized_map(schedule, step)

    model = keras.Sequential([Probe()])
    steps = np.array(list(case.values), "int32")
    values = list(case.values.values())
    np.testing.assert_allclose(model.predict(steps, verbose=0), values, rtol=1e-6, atol=1e-7)
    for step, value in case.values.items():
        scalar = schedule(ops.convert_to_tensor(step, "int32"))
        assert ops.shape(scalar) == ()
        assert keras.backend.standardize_dtype(scalar.dtype) == "float32"
        np.testing.assert_allclose(float(scalar), value, rtol=1e-6, atol=1e-7)


@every_schedule
def test_values_stay_within_the_bounds(case):
    schedule = case.make()
    low, high = schedule.bounds()
    values = schedule.sample(1000)
    assert values.dtype == "float32"
    assert np.float32(low) <= values.min()
    assert values.max() <= np.float32(high)


@every_schedule
def test_repr_names_the_arguments(case):
    assert all(f"{name}=" in repr(case.make()) for name in case.arguments)
