"""What a trained model says of itself: from a plan and its data to a package's description."""

from typing import TYPE_CHECKING, Any

from softcord.app.build import TARGET
from softcord.app.dataset import Dataset
from softcord.app.plan import Plan, digest
from softcord.app.provenance import provenance
from softcord.app.start import starting_model

if TYPE_CHECKING:
    from softcord.predict.package import ModelDescription, TrainedOn


def describe_model(plan: Plan, dataset: Dataset, name: str, contrasts: tuple[str, ...]) -> "ModelDescription":
    """Return the description of the model ``name`` that learns from images of ``contrasts``.

    A model of drawn patches learns from nobody: its data are the generator's settings.
    """
    from softcord.predict.package import ModelDescription, NetDescription

    arguments = dict(plan.config["model"])
    target = arguments.pop(TARGET)
    activation: Any = plan.loss().prediction_activation
    made_by = provenance()
    described = NetDescription(target, arguments)
    start = starting_model(plan, described)
    # What the first weights have seen, this model has seen too.
    seen_before = start.description.trained_on if start else ()
    return ModelDescription(
        name=name,
        net=described,
        window_voxels=plan.patch_voxels,
        activation=activation,
        spacing_mm=plan.volumes.spacing_mm,
        interpolation=plan.volumes.interpolation,
        gt=plan.gt.name,
        loss=plan.choices["loss"],
        trained_on=(
            *(_trained_on(plan, part, contrasts) for part in dataset.parts or (dataset,)),
            *seen_before,
        ),
        provenance={
            "study": plan.study,
            "seed": str(plan.seed),
            **{key: made_by[key] for key in ("softcord", "code_commit", "code_dirty", "torch")},
        },
    )


def _trained_on(plan: Plan, dataset: Dataset, contrasts: tuple[str, ...]) -> "TrainedOn":
    """Say what of one dataset trained; of several, each says so with its own participant ids."""
    from softcord.predict.package import TrainedOn

    train, val = (table[table["contrast"].isin(contrasts)] for table in (dataset.train, dataset.val))
    used = (
        contrasts if plan.is_synthetic else tuple(key for key in contrasts if key in set(train["contrast"]))
    )
    return TrainedOn(
        dataset=dataset.name,
        identity=digest(plan.config["synthetic"]) if plan.is_synthetic else dataset.identity,
        contrasts=used,
        train_participants=tuple(sorted(train["participant_id"].unique())),
        val_participants=tuple(sorted(val["participant_id"].unique())),
    )
