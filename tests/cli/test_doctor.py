"""`kerasreg doctor`: what it finds on machines that are described to it, and on this one."""

from dataclasses import replace

import pytest

from kerasreg.cli import _machine, doctor
from kerasreg.cli._machine import Machine
from kerasreg.cli.doctor import findings, too_slow
from kerasreg.cli.main import main

FINE = Machine(devices={"CPU:0": "", "GPU:0": "an accelerator"}, cores=8)
CPU = replace(FINE, devices={"CPU:0": ""})


def names(machine):
    return [finding.what for finding in findings(machine)]


def test_nothing_is_found_where_nothing_is_wrong():
    assert findings(FINE) == []
    assert names(CPU) == ["no GPU"]


@pytest.mark.parametrize(
    ("machine", "name"),
    [
        (replace(CPU, has_nvidia=True), "GPU not used"),
        (replace(CPU, data_format="channels_first"), "channels_first"),
        (replace(CPU, dtype_policy="mixed_float16"), "mixed_float16"),
        (replace(CPU, dtype_policy="mixed_bfloat16"), "mixed_bfloat16"),
        (replace(CPU, variables={"TF_ENABLE_ONEDNN_OPTS": "0"}), "TF_ENABLE_ONEDNN_OPTS=0"),
        (replace(FINE, dtype_policy="float64"), "float64"),
        (replace(FINE, eager=True), "eager mode"),
        (replace(FINE, xla=False), "no XLA"),
        (replace(FINE, variables={"KERASREG_FUSED": "0"}), "KERASREG_FUSED=0"),
        (replace(FINE, variables={"TF_DETERMINISTIC_OPS": "1"}), "TF_DETERMINISTIC_OPS"),
        (replace(FINE, variables={"OMP_NUM_THREADS": "1"}), "OMP_NUM_THREADS=1"),
        (replace(FINE, quota=2.0), "threads"),
        (replace(FINE, load=20.0), "busy machine"),
        (replace(FINE, versions={"matplotlib": "not installed"}), "matplotlib is not installed"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_each_thing_that_is_slow_is_found_by_itself(machine, name):
    base = names(replace(FINE, devices=machine.devices))
    assert [each for each in names(machine) if each not in base] == [name]


@pytest.mark.parametrize(
    "machine",
    [
        replace(FINE, has_nvidia=True),
        replace(FINE, data_format="channels_first"),
        replace(FINE, dtype_policy="mixed_float16"),
        replace(FINE, quota=8.0),
        replace(FINE, variables={"OMP_NUM_THREADS": "8"}),
        replace(FINE, xla=None, backend="torch"),
    ],
    ids=["gpu seen", "gpu layout", "gpu precision", "whole quota", "all threads", "torch"],
)
def test_what_is_not_slow_is_not_found(machine):
    assert findings(machine) == []


def test_bfloat16_is_fine_on_a_processor_with_its_instructions():
    policy = replace(CPU, dtype_policy="mixed_bfloat16", flags=frozenset(["amx_bf16"]))
    assert names(policy) == ["no GPU"]


def test_a_hidden_gpu_names_the_variable_that_hides_it():
    machine = replace(CPU, has_nvidia=True, variables={"CUDA_VISIBLE_DEVICES": "-1"})
    assert "CUDA_VISIBLE_DEVICES=-1" in findings(machine)[0].fix


def test_timings_are_judged_against_a_copy():
    assert too_slow({}) == []
    assert too_slow({"one read and one write": 2.0, "kerasreg Dropout": 4.0}) == []
    (finding,) = too_slow({"one read and one write": 2.0, "kerasreg Dropout": 24.0})
    assert "12.0 times" in finding.why


def test_prints_what_this_machine_is(capsys):
    assert main(["doctor", "--no-timing"]) == 0
    printed = capsys.readouterr().out
    for word in ("versions", "backend", "devices", "XLA", "keras"):
        assert word in printed
    assert "One call" not in printed


def test_times_every_layer_and_the_copy(monkeypatch, capsys):
    monkeypatch.setattr(_machine, "_SHAPE", (2, 8, 8, 4))
    monkeypatch.setattr(_machine, "_ROUNDS", 1)
    monkeypatch.setattr(doctor, "look", lambda: FINE)
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert "kerasreg Dropout" in printed
    assert "one read and one write" in printed
    assert all(each > 0 for each in _machine.milliseconds().values())
