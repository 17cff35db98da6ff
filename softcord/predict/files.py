"""Predict image files: a mask in the image's own space with a sidecar, whole or absent, and never twice."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from softcord.errors import DataError, UsageError
from softcord.io.files import is_same_file, write_json
from softcord.io.names import nifti_stem, sidecar_of
from softcord.io.nifti import Volume, space_of, write_like
from softcord.io.sidecar import read_sidecar
from softcord.io.space import Oddity
from softcord.io.writable import check_writable, unwritable
from softcord.measure.unsure import LOW, NORMAL, QUALITY
from softcord.predict.check_image import read_checked
from softcord.predict.package import Model, weights_sha256
from softcord.predict.readings import read_again, readings
from softcord.predict.volume import AS_IT_IS, Prediction, PredictSettings, predict_volume
from softcord.predict.write import generated_by
from softcord.remedies import Remedy
from softcord.uncertainty.ensemble import Ensemble
from softcord.uncertainty.paths import uncertainty_path
from softcord.uncertainty.quality import Quality, quality_of

Outcome = Literal["predicted", "no cord", "constant"]


@dataclass(frozen=True)
class Task:
    """Images to predict and how: ``threshold`` None writes the soft mask, else voxels above it as 1.

    ``made_by`` says which model it is; it is written into every sidecar. ``volume`` is which one of a series
    to predict, from 0. ``how_sure``: whether readings that differ say how sure the mask is, which takes four
    times as long and does not change the mask; they are those of ``others``, or views of the image.
    """

    model: Model
    made_by: Mapping[str, object]
    settings: PredictSettings = AS_IT_IS
    threshold: float | None = None
    overwrite: bool = False
    volume: int | None = None
    how_sure: bool = False
    others: tuple[Model, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a threshold that keeps all or nothing."""
        if self.threshold is not None and not 0 < self.threshold < 1:
            raise ValueError(f"threshold: must be between 0 and 1, got {self.threshold:g}")


@dataclass(frozen=True)
class Done:
    """What became of an image; ``image`` and ``softseg`` are None where an earlier mask was kept.

    ``is_unsure`` says that no cord could be followed and the mask is what looks most like one.
    """

    outcome: Outcome
    looked: str
    is_unsure: bool = False
    quality: Quality | None = None
    image: Volume | None = None
    softseg: Volume | None = None

    @property
    def oddities(self) -> tuple[Oddity, ...]:
        """What is odd about the image's header; nothing is said again of an image whose mask was kept."""
        return () if self.image is None else space_of(self.image).oddities

    @property
    def is_kept(self) -> bool:
        """Whether the mask was there already."""
        return self.softseg is None


def mask_name(image: Path, threshold: float | None) -> str:
    """Return the usual name of an image's mask, ``t2_softseg.nii.gz`` or, binarised, ``t2_seg.nii.gz``."""
    return f"{nifti_stem(image)}_{'softseg' if threshold is None else 'seg'}.nii.gz"


def predict_file(image: Path, output: Path, task: Task) -> Done:
    """Predict one image and write mask and sidecar; a mask that the same model made of it is kept.

    Where it is asked how sure the mask is, the standard deviation of the readings is written beside it.

    Raises:
        DataError: the image cannot be used.
        UsageError: ``output`` or its sidecar is something else, and ``overwrite`` is off; or one of them is
            the image's own.
        RunError: the mask cannot be written.
    """
    wanted = _sidecar(image, task)
    _refuse_wrong_place(image, output)
    if (
        not task.overwrite
        and (there := _already_made(output, wanted))
        and _knows_how_sure(output, wanted, task)
    ):
        return there
    try:
        check_writable(output.parent)
    except OSError as error:
        raise unwritable(output, error) from error
    volume = read_checked(image, task.model.description.spacing_mm, task.volume)
    try:
        prediction = predict_volume(task.model, volume, task.settings)
        ensemble = _how_sure(task, volume, prediction)
    except MemoryError as error:
        raise DataError(image, "needs more memory than there is", "Crop it first") from error
    mask = prediction.softseg.data
    if task.threshold is not None:
        mask = (mask > task.threshold).astype(np.uint8)
    how_good = LOW if prediction.is_unsure else NORMAL
    made = {**wanted, "Looked": prediction.looked, "CordFound": prediction.has_cord, QUALITY: how_good}
    try:
        if output.exists():
            _remove_map_of_another(output, wanted, task)
        _write(output, mask, image, made)
        quality = _write_how_sure(output, image, wanted, task, ensemble, volume, prediction)
    except OSError as error:
        raise unwritable(output, error) from error
    outcome = _outcome(prediction.looked, prediction.has_cord)
    return Done(outcome, prediction.looked, prediction.is_unsure, quality, volume, prediction.softseg)


def _how_sure(task: Task, image: Volume, made: Prediction) -> Ensemble | None:
    if not task.how_sure:
        return None
    return read_again(task.model, image, made.softseg, task.settings, task.others, made.seen)


def _write(output: Path, mask: npt.NDArray[np.generic], image: Path, made: Mapping[str, object]) -> None:
    """Write mask and sidecar; those that are there go when the new ones are whole.

    Where a mask is there already it is renamed first, else last: an interruption leaves a mask of which no
    sidecar says that this command made it, or a sidecar without a mask, and neither is taken for a result.
    """
    sidecar = sidecar_of(output)
    new_mask, new_sidecar = (path.with_name(f".new-{path.name}") for path in (output, sidecar))
    pairs = [(new_sidecar, sidecar), (new_mask, output)]
    try:
        write_like(new_mask, mask, image)
        write_json(new_sidecar, made)
        for new, final in reversed(pairs) if output.exists() else pairs:
            new.replace(final)
    finally:
        for new, _ in pairs:
            with suppress(OSError):
                new.unlink(missing_ok=True)


def _write_how_sure(
    output: Path,
    image: Path,
    wanted: Mapping[str, object],
    task: Task,
    ensemble: Ensemble | None,
    volume: Volume,
    prediction: Prediction,
) -> Quality | None:
    """Write the map of how sure the mask is, its sidecar last; return the mask's score."""
    if ensemble is None:
        return None
    is_unsure = prediction.is_unsure
    quality = quality_of(volume, prediction.softseg, ensemble.disagreement, is_unsure=is_unsure)
    path = uncertainty_path(output)
    write_like(path, ensemble.sd, image)
    made = {
        **_how_sure_wanted(wanted, task),
        "Description": "standard deviation of the readings' soft masks",
        "ModelWeightsSha256": task.made_by.get("ModelWeightsSha256", ""),
        "Disagreement": round(ensemble.disagreement, 4),
        "QualityScore": round(quality.score, 4),
        "QualityReasons": list(quality.reasons),
    }
    write_json(sidecar_of(path), made)
    return quality


def _how_sure_wanted(wanted: Mapping[str, object], task: Task) -> dict[str, object]:
    others = [weights_sha256(other) for other in task.others]
    return {**wanted, "Readings": readings(task.model, task.others), "OtherModelsSha256": others}


def _knows_how_sure(output: Path, wanted: Mapping[str, object], task: Task) -> bool:
    """Whether nobody asks how sure the mask is, or the same readings have said so."""
    path = uncertainty_path(output)
    if not task.how_sure:
        return True
    return path.exists() and read_sidecar(path).items() >= _how_sure_wanted(wanted, task).items()


def _remove_map_of_another(output: Path, wanted: Mapping[str, object], task: Task) -> None:
    """Remove what says how sure the mask of before was, if another model or another image made that."""
    path = uncertainty_path(output)
    found = read_sidecar(path)
    now = {name: wanted[name] for name in ("Sources", "SourceBytes", "SourceModified")}
    now["ModelWeightsSha256"] = task.made_by.get("ModelWeightsSha256", "")
    if "ModelWeightsSha256" in found and not found.items() >= now.items():
        for one in (sidecar_of(path), path):
            one.unlink(missing_ok=True)


def _refuse_wrong_place(image: Path, output: Path) -> None:
    """Refuse a mask that would replace a folder or the image, or whose sidecar would be the image's."""
    if output.is_dir():
        raise UsageError(output, "is a folder", Remedy.OTHER_MASK_FILE)
    if is_same_file(output, image):
        raise UsageError(output, "is the image itself", Remedy.OTHER_MASK_FILE)
    if sidecar_of(output).resolve() == sidecar_of(image).resolve():
        what = f"would have its sidecar in {sidecar_of(image).name}, which is the image's"
        raise UsageError(output, what, Remedy.OTHER_MASK_FILE)


def _already_made(output: Path, wanted: Mapping[str, object]) -> Done | None:
    """Return what became of the image earlier, None if nothing yet; refuse what something else made."""
    sidecar = sidecar_of(output)
    if not output.exists() and not sidecar.exists():
        return None
    found = read_sidecar(output)
    if output.exists() and found.items() >= wanted.items():
        looked = str(found.get("Looked"))
        is_unsure = found.get(QUALITY) == LOW
        return Done(_outcome(looked, bool(found.get("CordFound"))), looked, is_unsure)
    if not output.exists() and found.keys() >= wanted.keys():
        return None  # a sidecar that an interrupted command left
    there = output if output.exists() else sidecar
    what = "exists, and is not what this command would make"
    raise UsageError(there, what, Remedy.OVERWRITE_MASK)


def _sidecar(image: Path, task: Task) -> dict[str, Any]:
    """Return what determines the mask, and can be said before it is made."""
    # One that cannot be read has none: the reading says why.
    state = image.stat() if os.path.exists(image) else None
    settings = {
        "Threshold": "soft" if task.threshold is None else task.threshold,
        "Largest": task.settings.largest,
        "CropSize": task.settings.crop_voxels or "along the cord",
        "SmallWindows": task.settings.small_windows,
        "TestTimeAugmentation": task.settings.apply.mirror,
        **({} if task.volume is None else {"Volume": task.volume}),
    }
    sidecar = {
        "SpatialReference": "orig",
        "GeneratedBy": [generated_by({**task.made_by, **settings})],
        "Sources": [image.name],
        "SourceBytes": state.st_size if state else 0,
        "SourceModified": state.st_mtime_ns if state else 0,
    }
    as_read: dict[str, Any] = json.loads(json.dumps(sidecar, default=str))
    return as_read


def _outcome(looked: str, has_cord: bool) -> Outcome:
    empty: Outcome = "constant" if looked == "nowhere" else "no cord"
    return "predicted" if has_cord else empty
