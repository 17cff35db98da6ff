"""Does a model make the same mask here as where its package was written? A phantom's cord that it carries."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from softcord.io.nifti import Volume, from_rpi
from softcord.phantom.participant import draw_participant, image_participant
from softcord.phantom.settings import PhantomSettings
from softcord.predict.example import Example
from softcord.predict.infer import PLAIN, Apply
from softcord.predict.package import Model
from softcord.predict.volume import PredictSettings, predict_volume

# bfloat16, the coarsest arithmetic, moved the built-in model by 0.005 of a voxel and 0.01 % of the volume.
TOLERANCE = 0.02
VOLUME_TOLERANCE_PCT = 0.5
_PERSON, _SIDE_MM = 1, 24.0
_GREYS = 15  # finer ones would only be noise, and a larger file


@dataclass(frozen=True)
class SelfTest:
    """How far a mask made here lies from the expected one: a voxel's value at most, and the soft volume."""

    difference: float
    volume_pct: float

    @property
    def passed(self) -> bool:
        """Whether both lie within their tolerance."""
        return self.difference <= TOLERANCE and abs(self.volume_pct) <= VOLUME_TOLERANCE_PCT

    def __str__(self) -> str:
        """Say both, and what is allowed."""
        return (
            f"a voxel differs by {self.difference:.3f} at most ({TOLERANCE:g} allowed), "
            f"the volume by {self.volume_pct:+.2f} % ({VOLUME_TOLERANCE_PCT:g} allowed)"
        )


def with_self_test(model: Model) -> Model:
    """Return a model with a self-test: its own, else of the first contrast in which it sees a cord.

    Without a cord in any contrast there is none, and the model is returned as it is.
    """
    if model.self_test is not None:
        return model
    drawable = [name for name in PhantomSettings().scans if name != "T2w"]
    seen = {name for one in model.description.trained_on for name in one.contrasts}
    for contrast in ("T2w", *(name for name in drawable if name in seen)):
        image, affine = _drawn(contrast)
        softseg = _predict(model, Volume(image.astype(np.float32), affine), PLAIN)
        if softseg.any():
            return replace(model, self_test=Example(image, softseg, affine))
    return model


def run_self_test(model: Model, apply: Apply = PLAIN) -> SelfTest | None:
    """Predict the image that a model carries, and compare; None if it carries none."""
    if model.self_test is None:
        return None
    expected = model.self_test.softseg
    found = _predict(model, model.self_test.volume, apply)
    volume_pct = 100.0 * (float(found.sum(dtype=float)) / float(expected.sum(dtype=float)) - 1)
    return SelfTest(float(np.abs(found - expected).max()), volume_pct)


def _predict(model: Model, image: Volume, apply: Apply) -> np.ndarray:
    return predict_volume(model, image, PredictSettings(apply=apply)).softseg.data


@cache
def _drawn(contrast: str) -> tuple[np.ndarray, np.ndarray]:
    """Draw a phantom and cut a box about the middle of its cord: grey values (uint8) and affine."""
    settings = PhantomSettings()
    drawn = image_participant(settings, draw_participant(settings, _PERSON), contrast)
    affine = drawn.scan.affine_native
    image, truth = (from_rpi(part.astype(np.float32), affine) for part in (drawn.image, drawn.truth_softseg))
    centre = np.argwhere(truth > 0.5).mean(axis=0)
    sides = np.round(_SIDE_MM / np.linalg.norm(affine[:3, :3], axis=0)).astype(int)
    start = np.clip(np.round(centre - sides / 2).astype(int), 0, None)
    box = tuple(slice(a, a + n) for a, n in zip(start, sides, strict=True))
    cut = image[box]
    moved = affine.copy()
    moved[:3, 3] += affine[:3, :3] @ start
    return np.round(_GREYS * (cut - cut.min()) / np.ptp(cut)).astype(np.uint8), moved
