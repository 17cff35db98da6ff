"""Precision and layout are what this processor is faster in, tried once and then remembered."""

import json
import logging
from pathlib import Path

import pytest
import torch

from softcord.train import device, fastest
from softcord.train.device import resolved
from softcord.train.fastest import Fastest, choose, kept_in
from softcord.train.settings import MachineSettings

CPU = MachineSettings(accelerator="cpu")


@pytest.fixture
def tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """An empty cache folder; a list that grows with each trial. Each finds bfloat16 and channels-last."""
    calls: list[int] = []

    def measure() -> Fastest:
        calls.append(1)
        return Fastest("bfloat16", True, 1.9, 1.2)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(fastest, "measure", measure)
    return calls


def test_it_is_tried_once_said_once_and_remembered(
    tried: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "softcord")
    for _ in range(3):
        machine = resolved(CPU)
        assert (machine.precision, machine.channels_last) == ("bfloat16", True)
    assert len(tried) == 1
    assert [record.getMessage().count("kept in") for record in caplog.records] == [1]


def test_a_damaged_or_foreign_file_is_measured_anew(tried: list[int]) -> None:
    resolved(CPU)
    for content in ("", "{", json.dumps({"precision": "int4"}), "[]"):
        kept_in().write_text(content)
        assert resolved(CPU).precision == "bfloat16"
    assert len(tried) == 5


def test_a_cache_folder_that_cannot_be_written_is_done_without(
    tried: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert resolved(CPU).precision == resolved(CPU).precision == "bfloat16"
    assert len(tried) == 2


def test_what_the_user_says_is_not_tried(tried: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    said = MachineSettings(accelerator="cpu", precision="float32", channels_last=False)
    assert resolved(said) == said
    assert not tried
    half = resolved(MachineSettings(accelerator="cpu", precision="float32"))
    assert (half.precision, half.channels_last) == ("float32", True)


def test_bits_are_given_up_only_for_a_gain_of_a_tenth() -> None:
    def best(bfloat16: float, float32_last: float = 1.0, bfloat16_last: float = 1.0) -> tuple[str, bool]:
        times = {(False, False): 1.0, (False, True): float32_last, (True, False): bfloat16}
        found = choose(times | {(True, True): bfloat16_last})
        return found.precision, found.channels_last

    assert best(bfloat16=1.1) == ("float32", False)
    assert best(bfloat16=0.95) == ("float32", False)
    assert best(bfloat16=0.5) == ("bfloat16", False)
    assert best(bfloat16=0.5, bfloat16_last=0.4) == ("bfloat16", True)
    assert best(bfloat16=1.1, float32_last=0.8, bfloat16_last=0.1) == ("float32", True)


def test_without_instructions_for_it_bfloat16_is_not_tried() -> None:
    assert choose({(False, False): 1.0, (False, True): 1.3}) == Fastest("float32", False, 1.0, 0.77)


def test_the_measurement_itself_leaves_random_numbers_and_threads_as_they_are() -> None:
    torch.manual_seed(5)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    found = fastest.measure()
    assert found.bfloat16_gain > 0
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def test_a_gpu_is_not_tried(tried: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "training_device", lambda machine: torch.device("cuda"))
    for has_bfloat16, precision in ((True, "bfloat16"), (False, "float16")):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda has=has_bfloat16: has)
        assert resolved(MachineSettings()).precision == precision
    assert not tried
