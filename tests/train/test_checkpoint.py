"""Checkpoints: whole or refused, and nothing in them is executed."""

import pickle
import resource
import signal
from pathlib import Path

import pytest
import torch

from softcord.errors import DataError, RunError
from softcord.train.checkpoint import AtomicCheckpointIO, load_weights


def test_a_failed_write_leaves_the_earlier_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    AtomicCheckpointIO().save_checkpoint({"state_dict": {"net.w": torch.ones(2)}}, path)
    with pytest.raises(Exception, match=r"pickle|local"):
        AtomicCheckpointIO().save_checkpoint({"state_dict": {}, "bad": lambda: None}, path)
    assert torch.equal(load_weights(path)["w"], torch.ones(2))


def test_a_full_disk_is_said_in_words_of_the_disk_and_leaves_the_earlier_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    AtomicCheckpointIO().save_checkpoint({"state_dict": {"net.w": torch.ones(2)}}, path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, hard))
    try:
        with pytest.raises(RunError, match=r"last\.ckpt: cannot be written \(.*\)\. Make room, then repeat"):
            AtomicCheckpointIO().save_checkpoint({"state_dict": {"net.w": torch.ones(100_000)}}, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert torch.equal(load_weights(path)["w"], torch.ones(2))
    assert [one.name for one in tmp_path.iterdir()] == ["last.ckpt"]


def test_a_truncated_checkpoint_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "best.ckpt"
    AtomicCheckpointIO().save_checkpoint({"state_dict": {"net.w": torch.ones(1000)}}, path)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(DataError, match=r"best\.ckpt: not a readable checkpoint"):
        load_weights(path)


class Payload:
    """Writes a file when unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (self.target,))  # type: ignore[return-value]


def test_a_checkpoint_with_code_in_it_runs_none_of_it(tmp_path: Path) -> None:
    path, evidence = tmp_path / "evil.ckpt", tmp_path / "executed"
    torch.save({"state_dict": {}, "payload": Payload(evidence)}, path)
    with pytest.raises(DataError):
        load_weights(path)
    path.write_bytes(pickle.dumps(Payload(evidence)))
    with pytest.raises(DataError):
        load_weights(path)
    assert not evidence.exists()
