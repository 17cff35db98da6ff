"""What a trained model says of itself: from a plan and its data to a package's description."""

from typing import Any

from softcord.app.config.identity import digest
from softcord.app.config.plan import Plan
from softcord.app.inputs.training_data import Dataset
from softcord.app.records.provenance import provenance
from softcord.data.filehash import content_hash, known_hashes
from softcord.data.leakage import DIGEST_LENGTH
from softcord.predict.package import ModelDescription, TrainedOn


def describe_model(plan: Plan, dataset: Dataset, name: str, contrasts: tuple[str, ...]) -> ModelDescription:
    """Return the description of the model ``name`` that learns from images of ``contrasts``.

    A model of drawn patches learns from nobody: its data are the generator's settings.
    """
    activation: Any = plan.loss().prediction_activation
    made_by = provenance()
    return ModelDescription(
        name=name,
        net=plan.net_description,
        window_voxels=plan.patch_voxels,
        narrow_window_voxels=plan.narrow_voxels,
        activation=activation,
        spacing_mm=plan.volumes.spacing_mm,
        interpolation=plan.volumes.interpolation,
        gt=plan.gt.name,
        loss=plan.choices["loss"],
        trained_on=trained_on(plan, dataset, contrasts),
        provenance={
            "study": plan.study,
            "seed": str(plan.seed),
            **{key: made_by[key] for key in ("softcord", "code_commit", "code_dirty", "torch")},
        },
    )


def trained_on(plan: Plan, dataset: Dataset, contrasts: tuple[str, ...]) -> tuple[TrainedOn, ...]:
    """Say what of each dataset trains; of several, each says so with its own participant ids.

    What the first weights have seen, the model has seen too.
    """
    start = plan.starting_model()
    own = (_trained_on(plan, part, contrasts) for part in dataset.parts or (dataset,))
    return (*own, *(start.description.trained_on if start else ()))


def _trained_on(plan: Plan, dataset: Dataset, contrasts: tuple[str, ...]) -> TrainedOn:
    train, val = (table[table["contrast"].isin(contrasts)] for table in (dataset.train, dataset.val))
    used = tuple(key for key in contrasts if plan.draws_patches or key in set(train["contrast"]))
    cache_dir = plan.paths.data_dir / "cache"
    hashes = known_hashes(cache_dir)
    digests = (content_hash(path, cache_dir, hashes) for path in (*train["image"], *val["image"]))
    return TrainedOn(
        dataset=dataset.name,
        identity=digest(plan.config["synthetic"]) if plan.draws_patches else dataset.identity,
        contrasts=used,
        train_participants=tuple(sorted(train["participant_id"].unique())),
        val_participants=tuple(sorted(val["participant_id"].unique())),
        image_sha256=tuple(sorted({one[:DIGEST_LENGTH] for one in digests})),
    )
