"""One run from data to its complete record: train, predict, measure, log."""

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml

from softcord.app.dataset import Dataset, jobs_of
from softcord.app.log import log_inputs, log_results
from softcord.app.plan import Plan
from softcord.app.progress import phase
from softcord.app.provenance import environment_text, provenance
from softcord.data.bids import file_state
from softcord.data.cache import CachedVolume, prepare_all
from softcord.data.splits import write_split
from softcord.errors import DataError
from softcord.files import write_json, write_text
from softcord.measure.table import write_measures
from softcord.predict.write import describe_derivatives
from softcord.sweep.ledger import Run, record
from softcord.track.store import RunRecord, open_store, open_study

if TYPE_CHECKING:
    from softcord.augment.chain import Augment
    from softcord.data.dataset import PatchDataset
    from softcord.evaluate.run import Predictor, TestImage

logger = logging.getLogger("softcord")


def bring_to_end(plan: Plan, dataset: Dataset, run: Run, run_dir: Path) -> None:
    """Train, predict and measure; leave the results in ``run_dir`` and in the store, marked complete last."""
    started = time.perf_counter()
    _write_inputs(plan, dataset, run_dir)
    # Every image is looked at before training, so that a bad one is not found at the end.
    train = _volumes(plan, dataset.train, "training")
    val = _volumes(plan, dataset.val, "validation")
    images = _test_images(plan, dataset)
    study = open_study(open_store(plan.store_dir), plan.study)
    with RunRecord(study, run.name, run.store_run_id or None) as entry:
        assert entry.run_id is not None
        run = record(run_dir, run, "running", store_run_id=entry.run_id, reason="")
        try:
            log_inputs(plan, dataset, run, run_dir, entry)
            predictor = _train(plan, train, val, run_dir, entry)
            measures = _evaluate(plan, images, run, run_dir, predictor)
            log_results(plan, dataset, measures, run_dir, entry)
        except Exception as error:
            record(run_dir, run, "failed", reason=(str(error).splitlines() or [type(error).__name__])[0])
            raise
        except BaseException:
            record(run_dir, run, "interrupted")
            raise
        finally:
            entry.artifact(run_dir / "log.txt")
        entry.complete()
    record(run_dir, run, "complete", seconds=run.seconds + time.perf_counter() - started)
    logger.info("%s is complete: %s", run.name, run_dir)


def _write_inputs(plan: Plan, dataset: Dataset, run_dir: Path) -> None:
    text = yaml.safe_dump(dict(plan.config), sort_keys=False, allow_unicode=True)
    write_text(run_dir / "config.yaml", text)
    write_text(run_dir / "overrides.txt", "\n".join(plan.overrides) + "\n")
    write_split(run_dir / "split.yaml", dataset.split)
    write_json(run_dir / "provenance.json", provenance())
    write_text(run_dir / "environment.txt", environment_text())
    columns = ["participant_id", "session_id", "contrast", "image", "label"]
    write_text(run_dir / "test.csv", dataset.test[columns].to_csv(index=False))


def _volumes(plan: Plan, table: pd.DataFrame, name: str) -> list[CachedVolume]:
    """Return the cached volumes of a table's images and labels, in its order."""
    pairs = [(Path(image), Path(label)) for image, label in zip(table["image"], table["label"], strict=True)]
    with phase(f"{name} volumes", len(pairs)) as on_done:
        outcomes = prepare_all(
            pairs, plan.data_dir / "cache", plan.volumes, jobs=jobs_of(plan), on_done=on_done
        )
    failed = [outcome for outcome in outcomes if outcome.error]
    if failed:
        more = f" (and {len(failed) - 1} more images)" if len(failed) > 1 else ""
        what = f"{str(failed[0].error).rstrip('.')}{more}"
        raise DataError(f"{name} images", what, "Leave them out with data.exclude if they cannot be repaired")
    return [outcome.value for outcome in outcomes if outcome.value]


def _train(
    plan: Plan,
    train_volumes: list[CachedVolume],
    val_volumes: list[CachedVolume],
    run_dir: Path,
    entry: RunRecord,
) -> "Predictor":
    import lightning

    from softcord.evaluate.run import Predictor
    from softcord.losses.deep import DeepSupervisionLoss
    from softcord.train.checkpoint import load_weights
    from softcord.train.module import CordModule
    from softcord.train.run import resolve_precision, train, training_device

    settings, loss = plan.train, plan.loss()
    lightning.seed_everything(plan.seed, workers=True, verbose=False)
    net = plan.net()
    supervised = DeepSupervisionLoss(loss, normalise=settings.deep_supervision_divisor)
    activation: Any = loss.prediction_activation
    module = CordModule(net, supervised, activation, settings.learning_rate, settings.epochs)
    logger.info("training on %d images of %s", len(train_volumes), ", ".join(plan.contrasts))
    result = train(
        module,
        (_patches(plan, train_volumes, plan.augment()), _patches(plan, val_volumes, None)),
        settings,
        plan.machine,
        seed=plan.seed,
        checkpoint_dir=run_dir / "checkpoints",
        on_epoch=lambda epoch, metrics: entry.metrics(metrics, epoch),
    )
    entry.metrics({"train/seconds": result.seconds, "train/best_val_loss": result.best_val_loss})
    logger.info("trained %d epochs in %.0f s", result.epochs, result.seconds)
    net.load_state_dict(load_weights(result.best_checkpoint))
    # Lightning leaves the net on the processor, wherever it trained.
    net.to(training_device(plan.machine))
    is_bfloat16 = resolve_precision(plan.machine) == "bf16-mixed"
    return Predictor(net, plan.patch_voxels, activation, plan.volumes.spacing_mm, bfloat16=is_bfloat16)


def _patches(plan: Plan, volumes: list[CachedVolume], augment: "Augment | None") -> "PatchDataset":
    from softcord.data.dataset import PatchDataset

    settings = plan.train
    return PatchDataset(
        volumes,
        plan.patch_voxels,
        augment,
        seed=plan.seed,
        crop=settings.crop,
        foreground_share=settings.foreground_share,
        patches_per_image=settings.patches_per_image if augment else 1,
    )


def _evaluate(
    plan: Plan, images: "list[TestImage]", run: Run, run_dir: Path, predictor: "Predictor"
) -> pd.DataFrame:
    from softcord.evaluate.ground_truth import ground_truth_measures
    from softcord.evaluate.run import evaluate

    predictions = run_dir / "predictions"
    describe_derivatives(predictions, f"softcord predictions of {run.name}", {"Run": run.name})
    labels = {
        "run": run.name,
        "method": plan.method,
        "gt": plan.gt.name,
        "contrasts_trained": " ".join(plan.contrasts),
        "loss": plan.choices["loss"],
        "seed": str(plan.seed),
    }
    logger.info("predicting and measuring %d test images", len(images))
    with phase("prediction", len(images)) as on_done:
        measures = evaluate(
            predictor, images, predictions, levels=plan.levels, labels=labels, on_done=on_done
        )
    truth = ground_truth_measures(images, plan.levels, run.name, reference=plan.reference)
    measures = pd.concat([measures, truth], ignore_index=True)
    write_measures(run_dir / "measures.csv", measures)
    return measures


def _test_images(plan: Plan, dataset: Dataset) -> "list[TestImage]":
    from softcord.evaluate.run import TestImage

    volumes = _volumes(plan, dataset.test, "test")
    truth = read_truth(plan)
    rows = dataset.test.to_dict("records")
    return [
        TestImage(
            participant_id=row["participant_id"],
            session_id=row["session_id"],
            contrast=row["contrast"],
            image=Path(row["image"]),
            volume=volume,
            reference=Path(row["label"]),
            hard_seg=_if_present(row["hard_seg"]),
            discs=_if_present(row["discs"]),
            truth_csa_mm2=truth.get(row["participant_id"]),
        )
        for row, volume in zip(rows, volumes, strict=True)
    ]


def _if_present(path: str | None) -> Path | None:
    return Path(path) if path and file_state(path) == "present" else None


def read_truth(plan: Plan) -> dict[str, float]:
    """Return the true CSA over the wanted levels by participant; only phantoms have one."""
    path = (plan.data.derivatives or plan.data.root / "derivatives") / "truth" / "csa.tsv"
    if not path.exists():
        return {}
    from softcord.measure.levels import format_levels

    table = pd.read_csv(path, sep="\t", dtype={"level": str})
    wanted = table[table["level"] == format_levels(plan.levels)]
    return dict(zip(wanted["participant_id"], wanted["csa_mm2"].astype(float), strict=True))
