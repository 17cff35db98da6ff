"""Train nnU-Net; nnU-Net's Python runs this file, so it imports no softcord.

usage: python train_model.py REQUEST.json

The request holds ``preprocessed`` (the dataset's folder), ``configuration``, ``device``, ``seed``,
``resume``, ``epochs``, ``iterations``, ``val_iterations`` and ``save_every``.

What differs from ``nnUNetv2_train`` is the length, the seed, and that validation images are not predicted at
the end: of one fold nothing is chosen by that, and softcord measures the test images itself. The model has
the name of nnU-Net's own trainer, so that every nnU-Net finds it without softcord. (The command would also
import all trainers that come with nnU-Net, some of which need a torchvision of exactly the right build.)
"""

import json
import random
import sys
from pathlib import Path
from typing import Any

FOLD = 0


def main(request_path: str) -> None:
    """Train, or go on with an interrupted training."""
    import numpy as np  # of nnU-Net's own environment
    import torch  # of nnU-Net's own environment

    # only in nnU-Net's own environment
    from nnunetv2.run.run_training import maybe_load_checkpoint

    request = json.loads(Path(request_path).read_text(encoding="utf-8"))
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(request["seed"])
    folder = Path(request["preprocessed"])
    plans = json.loads((folder / "nnUNetPlans.json").read_text(encoding="utf-8"))
    plans["continue_training"] = request["resume"]  # nnU-Net reads it there
    trainer = trainer_class(request)(
        plans=plans,
        configuration=request["configuration"],
        fold=FOLD,
        dataset_json=json.loads((folder / "dataset.json").read_text(encoding="utf-8")),
        device=torch.device(request["device"]),
    )
    maybe_load_checkpoint(trainer, request["resume"], False)
    trainer.run_training()


def trainer_class(request: dict[str, Any]) -> Any:
    """Return nnU-Net's trainer with the request's length."""
    # only in nnU-Net's own environment
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer as Own

    class nnUNetTrainer(Own):  # type: ignore[misc]  # noqa: N801
        """nnU-Net's own, of another length."""

        def __init__(self, plans: Any, configuration: str, fold: int, dataset_json: Any, device: Any) -> None:
            super().__init__(plans, configuration, fold, dataset_json, device)
            self.num_epochs = request["epochs"]
            self.num_iterations_per_epoch = request["iterations"]
            self.num_val_iterations_per_epoch = request["val_iterations"]
            self.save_every = request["save_every"]

    return nnUNetTrainer


if __name__ == "__main__":
    main(sys.argv[1])
