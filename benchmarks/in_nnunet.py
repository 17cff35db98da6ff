"""nnU-Net's own training steps and prediction, timed; its Python runs this for ``bench_nnunet.py``.

usage: python in_nnunet.py REQUEST.json

The request holds ``preprocessed`` (the dataset's folder), ``patch``, ``batch``, ``net`` (in nnU-Net's words),
``steps``, ``threads``, ``image``, ``mask`` and ``mirror``. Prints one line of JSON.
"""

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any


def main(request_path: str) -> None:
    import torch
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

    request = json.loads(Path(request_path).read_text())
    torch.set_num_threads(request["threads"])
    folder = Path(request["preprocessed"])
    plans = json.loads((folder / "nnUNetPlans.json").read_text())
    configuration = plans["configurations"]["3d_fullres"]
    configuration |= {"patch_size": request["patch"], "batch_size": request["batch"]}
    configuration["architecture"]["arch_kwargs"] |= request["net"]
    plans["continue_training"] = False
    trainer = nnUNetTrainer(
        plans=plans,
        configuration="3d_fullres",
        fold=0,
        dataset_json=json.loads((folder / "dataset.json").read_text()),
        device=torch.device("cpu"),
    )
    trainer.on_train_start()
    trainer.on_train_epoch_start()
    data_s, step_s = training(trainer, request["steps"])
    parameters = sum(value.numel() for value in trainer.network.parameters())
    trainer.save_checkpoint(str(Path(trainer.output_folder) / "checkpoint_final.pth"))
    predict_s = prediction(Path(trainer.output_folder).parent, request)
    found = {"data_s": data_s, "step_s": step_s, "parameters": parameters, "predict_s": predict_s}
    print(json.dumps(found), flush=True)


def training(trainer: Any, steps: int) -> tuple[float, float]:
    """Return medians of the processor time that a batch's data and its step take, as in ``run_training``."""
    data_s, step_s = [], []
    for _ in range(steps + 1):
        started = time.process_time()
        batch = next(trainer.dataloader_train)
        drawn = time.process_time()
        trainer.train_step(batch)
        data_s.append(drawn - started)
        step_s.append(time.process_time() - drawn)
    return statistics.mean(data_s[1:]), statistics.median(step_s[1:])  # draws differ, steps do not


def prediction(model: Path, request: dict[str, Any]) -> dict[str, float]:
    """Return the processor time from image file to mask file, without and with nnU-Net's mirroring."""
    import torch
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    taken = {}
    for name, mirror in {"plain": False, "mirrored": True}.items():
        if mirror and not request["mirror"]:
            continue
        predictor = nnUNetPredictor(use_mirroring=mirror, device=torch.device("cpu"), allow_tqdm=False)
        predictor.initialize_from_trained_model_folder(str(model), (0,), "checkpoint_final.pth")
        started = time.process_time()
        predictor.predict_from_files_sequential([[request["image"]]], [request["mask"]])
        taken[name] = time.process_time() - started
    return taken


if __name__ == "__main__":
    main(sys.argv[1])
