"""A score of a mask without a ground truth, by which failures come first.

Each oddity is a number in units of what is odd already: 1 is the most that a good mask shows now and then.
The score is exp(-sum of oddities): 1 is nothing odd, an empty mask is 0. The units were set on drawn
participants and from anatomy; docs/loop.md says how well it ranks, on drawn failures and on real images.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from softcord.io.nifti import Volume, to_rpi
from softcord.measure.surface import smallest_box
from softcord.uncertainty.continuation import goes_on_mm
from softcord.uncertainty.cord_profile import CordProfile, cord_profile

# What is odd already, of each oddity.
BULGE_LOG = 0.35  # a slice's area by that of its neighbourhood: 40 % more, or 30 % less
NEIGHBOURHOOD_MM = 30.0
STEP_MM = 2.0  # of the centre, beyond what a cord that leans by 30 degrees moves between two slices
OTHER_PARTS = 0.03  # share of the mask's volume outside its largest part
GAP = 0.05  # share of slices without cord between its ends
SEPARATION = 1.0  # cord and what surrounds it, in standard deviations: below it, they do not differ
AREA_MM2 = (25.0, 160.0)  # median over slices; healthy and atrophied cords, cervical to lumbar
END_MM = 6.0  # cord that the image shows beyond the mask's end: two thick slices
DISAGREEMENT = 0.25  # of readings, by volume
UNSURE = 3.0  # a prediction that says itself that it is unsure comes before masks that are merely odd
WORDS = {
    "bulge": "its area jumps from slice to slice",
    "step": "its centre jumps aside",
    "other parts": "it has parts that are not connected",
    "gap": "it is interrupted",
    "separation": "it does not differ from what surrounds it",
    "area": "its area is not that of a cord",
    "end": "the cord goes on beyond its end",
    "disagreement": "readings of the image differ",
    "unsure": "no cord could be followed in the image",
}


@dataclass(frozen=True)
class Quality:
    """The score, from 0 (failed) to 1, and the oddities it is made of, by name."""

    score: float
    oddities: Mapping[str, float]

    @property
    def reasons(self) -> tuple[str, ...]:
        """What is odd about the mask, the oddest first; nothing where all is within the usual."""
        odd = sorted((name for name, x in self.oddities.items() if x >= 1), key=lambda n: -self.oddities[n])
        return tuple("it is empty" if name == "empty" else WORDS[name] for name in odd)

    def __str__(self) -> str:
        """Say score and reasons: ``quality 0.05; it is interrupted``."""
        return "; ".join([f"quality {self.score:.2f}", *self.reasons])


def quality_of(
    image: Volume, softseg: Volume, disagreement: float | None = None, *, is_unsure: bool = False
) -> Quality:
    """Score a mask on its image's grid.

    Args:
        image: what was segmented, any orientation.
        softseg: its mask, 0..1, soft or hard.
        disagreement: that of :class:`softcord.uncertainty.ensemble.Ensemble`, where there are readings.
        is_unsure: whether the prediction said so itself (:mod:`softcord.measure.unsure`).

    >>> import softcord
    >>> drawn = softcord.phantom_participant(contrasts=["T2star"])
    >>> image, truth_softseg = drawn.images["T2star"], drawn.truth_softsegs["T2star"]
    >>> quality_of(image, truth_softseg).score > 0.3
    True
    >>> import numpy as np
    >>> quality_of(image, softcord.Volume(np.zeros_like(image.data), image.affine)).reasons
    ('it is empty',)
    """
    hard = to_rpi(softseg).data > 0.5
    if not hard.any():
        return Quality(0.0, {"empty": np.inf})
    profile = cord_profile(image, softseg)
    oddities = {
        "bulge": _bulge(profile),
        "step": _step(profile),
        "other parts": _other_parts(hard) / OTHER_PARTS,
        "gap": (1 - len(profile.filled) / (np.ptp(profile.filled) + 1)) / GAP,
        "separation": _indistinct(profile),
        "area": _not_a_cords(float(np.nanmedian(profile.area_mm2))),
        "end": goes_on_mm(to_rpi(image), profile) / END_MM,
        "disagreement": 0.0 if disagreement is None else disagreement / DISAGREEMENT,
        "unsure": UNSURE if is_unsure else 0.0,
    }
    return Quality(float(np.exp(-sum(oddities.values()))), oddities)


def _inner(profile: CordProfile) -> npt.NDArray[np.intp]:
    """Slices with cord but for the first and last, which the mask fills in part."""
    return profile.filled[1:-1] if len(profile.filled) > 4 else profile.filled


def _bulge(profile: CordProfile) -> float:
    area = np.log(profile.area_mm2[_inner(profile)])
    size = max(5, 2 * round(NEIGHBOURHOOD_MM / profile.spacing_mm[2] / 2) + 1)
    around = ndimage.median_filter(area, size=min(size, len(area)), mode="nearest")
    from_all = np.abs(area - np.median(area)) / 2  # enlargements are real, and slow
    return float(max(np.abs(area - around).max(), from_all.max()) / BULGE_LOG)


def _step(profile: CordProfile) -> float:
    filled = profile.filled
    if len(filled) < 2:
        return 0.0
    apart_mm = np.linalg.norm(np.diff(profile.centre_mm[filled], axis=0), axis=1)
    leaning_mm = np.diff(filled) * profile.spacing_mm[2] * np.tan(np.radians(30))
    return float(max(0.0, (apart_mm - leaning_mm).max()) / STEP_MM)


def _other_parts(hard: npt.NDArray[np.bool_]) -> float:
    labels, _ = ndimage.label(hard[smallest_box(hard)], structure=np.ones((3, 3, 3)))
    sizes = np.bincount(labels.ravel())[1:]
    return float(1 - sizes.max() / sizes.sum())


def _indistinct(profile: CordProfile) -> float:
    """How many times SEPARATION the mask's own separation is missing; a clear cord has next to nothing."""
    seen = profile.separation[np.isfinite(profile.separation)]
    return float(np.exp(1 - np.median(seen) / SEPARATION)) if len(seen) else 1.0


def _not_a_cords(area_mm2: float) -> float:
    low, high = AREA_MM2
    return float(max(0.0, np.log(low / area_mm2), np.log(area_mm2 / high)) / np.log(1.5))
