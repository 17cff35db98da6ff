"""Find a trained method by the name it is asked for, and apply it: one model, or one per contrast."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from softcord.app.models.nets import read_own_package
from softcord.app.models.run_names import find_run
from softcord.data.filehash import checksum
from softcord.errors import DataError, UsageError
from softcord.measure.table import read_measures
from softcord.nnunet.run import FINAL_CHECKPOINT, find_model
from softcord.predict.built_in import BUILT_IN
from softcord.predict.package import TrainedOn, is_package, read_description, weights_sha256
from softcord.sweep.folder import MEASURES, MODEL, MODELS, NNUNET, RUN, TRAINED_ON
from softcord.sweep.ledger import Run, read_run
from softcord.track.model_words import can_be_registered

Form = Literal["package", "nnunet"]
EVERY = "every"  # the key of a model that is for all contrasts


@dataclass(frozen=True)
class Trained:
    """A trained method: its models by contrast (``EVERY``: one for all), and what it says of itself.

    ``models`` are packages or, of the form ``nnunet``, the folder of nnU-Net's model. ``trained_on`` says
    what of which datasets they have seen.
    """

    method: str
    seed: int
    models: Mapping[str, Path]
    trained_on: tuple[TrainedOn, ...]
    gt: str
    loss: str
    form: Form = "package"

    @property
    def contrasts(self) -> tuple[str, ...]:
        """The contrasts that trained, each once."""
        return tuple(dict.fromkeys(name for one in self.trained_on for name in one.contrasts))

    @property
    def labels(self) -> dict[str, str]:
        """Columns of measures.csv that say which method this is."""
        return {
            "method": self.method,
            "gt": self.gt,
            "contrasts_trained": " ".join(self.contrasts),
            "loss": self.loss,
            "seed": str(self.seed),
        }

    @property
    def identity(self) -> dict[str, str]:
        """Checksum of each model's weights."""
        if self.form == "nnunet":
            return {key: checksum(path / FINAL_CHECKPOINT) for key, path in self.models.items()}
        return {contrast: weights_sha256(read_own_package(path)) for contrast, path in self.models.items()}

    def model_for(self, contrast: str, model_of: Mapping[str, str]) -> Path | None:
        """Return the model for a contrast: its own, else that of the contrast that stands for it."""
        names = (EVERY, contrast, model_of.get(contrast, contrast))
        return next((self.models[name] for name in names if name in self.models), None)


@cache
def find_trained(reference: str | None, outputs: Path, store: Path | None = None) -> Trained:
    """Return the trained method of a run (:func:`find_run` takes the word), a package or the built-in name.

    With ``store``, the folder of the MLflow store, ``NAME@ALIAS`` is a registered model.

    Raises:
        UsageError: nothing is named, or several runs answer to the name.
        DataError: there is no such finished run, or its package is damaged.
    """
    if not reference:
        raise UsageError(
            "model", "is missing", "Write model=STUDY/METHOD, model=STUDY/METHOD@SEED or a package's folder"
        )
    path = BUILT_IN if reference == BUILT_IN.name else Path(reference)
    if (
        store is not None
        and can_be_registered(reference)
        and (package := _registered(reference, outputs, store))
    ):
        path = package
    if is_package(path):
        description = read_description(path)
        seed = description.provenance.get("seed", "0")
        return _of_packages(description.name, int(seed) if seed.isdigit() else 0, {EVERY: path})
    run_dir = path if (path / RUN).is_file() else find_run(reference, outputs)
    run = read_run(run_dir)
    assert run is not None
    if packages := _packages_of(run_dir):
        return _of_packages(run.method, run.seed, packages)
    if model := find_model(run_dir / NNUNET):
        return _of_nnunet(run, run_dir, model)
    what = "left no model that softcord can apply"
    raise DataError(run_dir, what, "Train it again, or measure its masks with softcord ingest")


def _registered(reference: str, outputs: Path, store: Path) -> Path | None:
    from softcord.app.models.find import registered_version  # torch: seconds
    from softcord.app.models.registered import Registry  # MLflow: seconds

    version = registered_version(reference, outputs, store)
    return Registry(store).package_of(version) if version else None


def _of_packages(method: str, seed: int, packages: Mapping[str, Path]) -> Trained:
    descriptions = [read_description(package) for package in packages.values()]
    trained_on = tuple(one for each in descriptions for one in each.trained_on)
    return Trained(method, seed, packages, trained_on, descriptions[0].gt, descriptions[0].loss)


def _of_nnunet(run: Run, run_dir: Path, model: Path) -> Trained:
    """Return what a run of nnU-Net trained; what a package says of itself is in the run's files."""
    seen = TypeAdapter(tuple[TrainedOn, ...]).validate_json((run_dir / TRAINED_ON).read_bytes())
    measures = read_measures(run_dir / MEASURES)
    own = measures[measures["method"] == run.method].iloc[0]
    return Trained(run.method, run.seed, {EVERY: model}, seen, own["gt"], own["loss"], form="nnunet")


def _packages_of(run_dir: Path) -> dict[str, Path]:
    if is_package(run_dir / MODEL):
        return {EVERY: run_dir / MODEL}
    children = sorted((run_dir / MODELS).glob("*"))
    return {child.name: child / MODEL for child in children if is_package(child / MODEL)}
