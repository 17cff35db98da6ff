"""Masks of frozen images, made once per model: kept by checksums of weights, image and our code."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np

import softcord
from softcord.errors import DataError
from softcord.io.files import write_json
from softcord.io.names import sidecar_of
from softcord.io.nifti import Volume, read_volume, write_like
from softcord.measure.unsure import LOW, NORMAL, QUALITY
from softcord.predict.check_image import read_checked
from softcord.predict.package import Model, weights_sha256
from softcord.predict.volume import AS_IT_IS, PredictSettings, predict_volume

# Packages whose code has a say in a mask: another version of them makes another mask of the same image.
_PREDICTING = ("predict", "nets", "io", "data/resample.py", "train/patches.py")
_FORMAT = 2  # of what is kept; another one makes masks anew
# What of a description has no say in the mask.
_WORDS = ("name", "remarks", "provenance", "trained_on", "gt", "loss")


@dataclass(frozen=True)
class Contender:
    """A model and how it is applied. ``key`` changes with whatever could change a mask, and with no more."""

    name: str
    model: Model
    settings: PredictSettings
    key: str


def contender(name: str, model: Model, settings: PredictSettings = AS_IT_IS) -> Contender:
    """Return a model by the name that it has in the report, ready to be compared."""
    applied = {key: value for key, value in asdict(model.description).items() if key not in _WORDS}
    said = json.dumps(
        [_FORMAT, applied, asdict(settings), weights_sha256(model), predicting_code()], default=str
    )
    return Contender(name, model, settings, hashlib.sha256(said.encode()).hexdigest()[:24])


def mask_of(one: Contender, image: Path, image_sha256: str, cache_dir: Path) -> Volume:
    """Return the soft mask that a model makes of an image, from the cache if it is there.

    Raises:
        DataError: the model refuses the image.
    """
    path = mask_path(one, image_sha256, cache_dir)
    if path.exists():
        try:
            return read_volume(path)
        except DataError:
            path.unlink()  # damaged: made anew
    volume = read_checked(image, one.model.description.spacing_mm)
    try:
        made = predict_volume(one.model, volume, one.settings)
    except MemoryError as error:
        raise DataError(image, "needs more memory than there is", "Crop it first") from error
    write_json(sidecar_of(path), {QUALITY: LOW if made.is_unsure else NORMAL})
    write_like(path, made.softseg.data.astype(np.float32, copy=False), image)
    return read_volume(path)


def mask_path(one: Contender, image_sha256: str, cache_dir: Path) -> Path:
    """Return where the mask that a model makes of an image is kept; its sidecar says whether it is unsure."""
    return cache_dir / one.key / f"{image_sha256[:32]}.nii.gz"


@cache
def predicting_code() -> str:
    """Return a checksum of the code that makes masks, so that no change of ours hides behind the cache."""
    whole = hashlib.sha256(softcord.__version__.encode())
    for file in _sources():
        whole.update(file.read_bytes())
    return whole.hexdigest()


def _sources() -> Iterator[Path]:
    root = Path(softcord.__file__).parent
    for name in _PREDICTING:
        yield from sorted((root / name).rglob("*.py")) if (root / name).is_dir() else [root / name]
