"""A checkpoint of nnU-Net's is read for its weights, and for nothing that it could run."""

import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch

from softcord.nnunet.predict_images import load_weights_only


class Evil:
    """Leaves a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, (f"open({str(self.path)!r}, 'w')",)


@pytest.fixture(autouse=True)
def _weights_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "load", torch.load)
    load_weights_only(torch)


def test_what_nnu_net_saves_is_read(tmp_path: Path) -> None:
    saved = {
        "network_weights": OrderedDict(weight=torch.ones(2)),
        "optimizer_state": {
            "state": {0: {"momentum_buffer": torch.zeros(2)}},
            "param_groups": [{"lr": 0.01}],
        },
        "grad_scaler_state": None,
        "logging": {"mean_fg_dice": [np.float64(0.5), np.float32(0.25)], "epochs": np.arange(3)},
        "_best_ema": np.float64(0.5),
        "current_epoch": 3,
        "init_args": {"plans": {"a": [1]}, "fold": 0, "device": torch.device("cpu")},
        "inference_allowed_mirroring_axes": (0, 1),
    }
    torch.save(saved, tmp_path / "checkpoint.pth")
    read = torch.load(tmp_path / "checkpoint.pth", map_location="cpu", weights_only=False)
    assert read["network_weights"]["weight"].tolist() == [1, 1]
    assert read["_best_ema"] == 0.5


def test_what_would_run_is_refused(tmp_path: Path) -> None:
    torch.save({"network_weights": {}, "more": Evil(tmp_path / "ran")}, tmp_path / "checkpoint.pth")
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / "checkpoint.pth", weights_only=False)
    assert not (tmp_path / "ran").exists()
