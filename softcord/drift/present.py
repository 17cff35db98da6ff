"""Does softcord still measure what it did? A small phantom cohort now, against measures that were stored.

The same cords, discs and weights: whatever moves an area is a change of ours, in drawing phantoms (images'
checksums tell), in measuring (true masks are measured too), or in resampling, predicting and cleaning.
"""

import csv
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from softcord.io.nifti import Volume, from_rpi
from softcord.io.tables import write_table
from softcord.measure.image import measure_image
from softcord.phantom.participant import draw_participant, image_participant
from softcord.phantom.settings import PhantomSettings
from softcord.predict.package import Model, weights_sha256
from softcord.predict.volume import PredictSettings, predict_volume

STORED = Path(__file__).with_name("present.csv")
# No machine's rounding moves an area by so much; what people measure moves by more.
LIMIT_MM2 = 0.05
_PEOPLE, _CONTRASTS = (1, 2, 3), ("T1w", "T2star", "dwi")
COHORT_IMAGES = len(_PEOPLE) * len(_CONTRASTS)
_TRUTH = "true mask"


@dataclass(frozen=True)
class PresentRow:
    """The C2-C3 area of one image by its true mask, or by a model's, and checksums of what it was made of."""

    participant_id: str
    contrast: str
    mask: str
    csa_mm2: float
    csa_bin_mm2: float
    image_sha256: str
    weights_sha256: str

    @property
    def key(self) -> tuple[str, str, str]:
        """Which image and whose mask."""
        return self.participant_id, self.contrast, self.mask if self.mask == _TRUTH else "model"


@dataclass(frozen=True)
class Moved:
    """How far an area moved (now minus then, mm², whichever of soft and binarised moved farther)."""

    row: PresentRow
    change_mm2: float


@dataclass(frozen=True)
class Present:
    """What became of the stored measures: all changes, largest first, and why they cannot be compared."""

    moved: tuple[Moved, ...]
    cannot_tell: str = ""

    def beyond(self, limit_mm2: float) -> tuple[Moved, ...]:
        """Return the changes beyond a limit; an area that is no number any more is one."""
        return tuple(one for one in self.moved if not abs(one.change_mm2) <= limit_mm2)


def measure_present(model: Model, on_done: Callable[[str], None] | None = None) -> list[PresentRow]:
    """Draw the cohort, predict it with ``model``, and measure true and predicted masks; takes seconds."""
    settings = PhantomSettings()
    weights = weights_sha256(model)
    rows = []
    for number in _PEOPLE:
        who = draw_participant(settings, number)
        for contrast in _CONTRASTS:
            drawn = image_participant(settings, who, contrast)
            affine = drawn.scan.affine_native
            image, truth, discs = (
                Volume(from_rpi(part.astype(np.float32), affine), affine)
                for part in (drawn.image, drawn.truth_softseg, drawn.discs)
            )
            digest = hashlib.sha256(np.round(image.data).astype("<i4").tobytes()).hexdigest()[:16]
            found = predict_volume(model, image, PredictSettings(only_a_cord=True)).softseg
            name = model.description.name
            for mask, softseg, made_of in ((_TRUTH, truth, ""), (name, found, weights[:16])):
                soft_mm2, bin_mm2 = _areas(softseg, truth, discs)
                rows.append(
                    PresentRow(who.participant_id, contrast, mask, soft_mm2, bin_mm2, digest, made_of)
                )
            if on_done:
                on_done(f"{who.participant_id} {contrast}")
    return rows


def _areas(softseg: Volume, truth: Volume, discs: Volume) -> tuple[float, float]:
    measured = measure_image(softseg, reference_softseg=truth, discs=discs)
    by_name = {(one.metric, one.level): one.value for one in measured}
    return round(by_name["csa_mm2", "2:3"], 4), round(by_name["csa_bin_mm2", "2:3"], 4)


def compare_present(stored: Iterable[PresentRow], now: Iterable[PresentRow]) -> Present:
    """Compare measures of then and now, image by image."""
    then, present = ({row.key: row for row in rows} for rows in (stored, now))
    if then.keys() != present.keys():
        return Present((), "the stored cohort is another one")
    pairs = [(then[key], present[key]) for key in then]
    if any(old.weights_sha256 != new.weights_sha256 for old, new in pairs):
        return Present((), "the stored measures are of other weights")
    if odd := [new for old, new in pairs if old.image_sha256 != new.image_sha256]:
        first = f"{odd[0].participant_id} {odd[0].contrast}"
        return Present((), f"the phantoms are drawn differently ({len(odd)} images, first {first})")
    moved = [Moved(new, _change(old, new)) for old, new in pairs]
    return Present(tuple(sorted(moved, key=lambda one: -np.nan_to_num(abs(one.change_mm2), nan=np.inf))))


def _change(old: PresentRow, new: PresentRow) -> float:
    changes = (new.csa_mm2 - old.csa_mm2, new.csa_bin_mm2 - old.csa_bin_mm2)
    return float("nan") if np.isnan(changes).any() else max(changes, key=abs)


def read_stored(path: Path = STORED) -> list[PresentRow]:
    """Return the measures that ship with softcord."""
    with path.open(encoding="utf-8", newline="") as stream:
        return [
            PresentRow(
                **row | {name: float(row[name]) for name in ("csa_mm2", "csa_bin_mm2")}  # type: ignore[arg-type]
            )
            for row in csv.DictReader(stream)
        ]


def write_stored(rows: Iterable[PresentRow], path: Path = STORED) -> None:
    """Store measures, to be compared with later ones."""
    write_table(path, pd.DataFrame([asdict(row) for row in rows]), missing="nan")
