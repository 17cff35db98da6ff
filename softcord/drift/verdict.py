"""Equivalent, shifted, or not to be told: the statistics of the gate.

The unit is the participant: images of one person are not independent, so their differences are averaged
first. Three rules make the verdict, and each is made for the mistake that would be made without it.

* *Equivalent* needs the overall shift and that of every contrast within the margin (two one-sided tests at
  5 %, of ranks and of the mean): opposite shifts of two contrasts cancel in the mean of both, and a few
  participants who moved far do not show in ranks. As all of them are needed, at most 5 % pass wrongly.
* *Shifted* needs the shift beyond the margin: its 95 % interval wholly outside, overall; or in a contrast or
  a group of participants, corrected by Bonferroni for their number. Or images that lost their cord.
* All else is *cannot tell*: also a shift that is surely not 0, but may lie on either side of the margin.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import nan
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t

from softcord.drift.needed import participants_needed
from softcord.drift.settings import DriftSettings
from softcord.stats.bland_altman import bland_altman
from softcord.stats.equivalence import equivalence_p
from softcord.stats.shift import Shift, mean_shift, typical_shift
from softcord.stats.wilcoxon import signed_rank, without_rounding

Outcome = Literal["equivalent", "shifted", "cannot tell"]
Floats = npt.NDArray[np.float64]
ALPHA = 0.05
# Of the 5 % of wrong alarms, half is for the overall shift and half for all parts together.
ALPHA_BEYOND = ALPHA / 2
EVERYTHING, CONTRAST = "all", "contrast"


@dataclass(frozen=True)
class Tested:
    """The shift (new minus old, mm²) of all images, or of a part of them, and what is known about it.

    ``about`` is ``all``, ``contrast`` or a column of participants.tsv, ``name`` which part. ``shift`` is the
    Hodges-Lehmann shift, ``mean`` the mean, each with its 95 % interval; ``limits`` are the 95 % limits of
    agreement. ``needed`` is how many participants would tell, None where it is told or no number would.
    """

    about: str
    name: str
    participants: int
    images: int
    shift: Shift
    mean: Shift
    limits: tuple[float, float]
    p_equivalent: float
    p_shifted: float
    outcome: Outcome
    needed: int | None

    @property
    def decides(self) -> bool:
        """Whether the new model is equivalent only if it is so here."""
        return self.about in (EVERYTHING, CONTRAST)


@dataclass(frozen=True)
class Verdict:
    """What the gate says, and why; ``tests`` begin with that of all images.

    Where no image has an area by both models there are none. ``not_compared`` are the contrasts of which no
    image has: nothing is said of them. ``unsure_gained`` are images of which only the new model is unsure.
    """

    outcome: Outcome
    tests: tuple[Tested, ...]
    failures_gained: int
    failures_lost: int
    not_compared: tuple[str, ...] = ()
    unsure_gained: int = 0

    @property
    def overall(self) -> Tested | None:
        """The test of all images."""
        return self.tests[0] if self.tests else None

    def of(self, outcome: Outcome) -> tuple[Tested, ...]:
        """Return the tests that came out so."""
        return tuple(one for one in self.tests if one.outcome == outcome)


def decide(images: pd.DataFrame, settings: DriftSettings, groups: Sequence[str] = ()) -> Verdict:
    """Say whether a new model is equivalent to the old one.

    Args:
        images: a row per image: participant_id, contrast, old_mm2 and new_mm2 (NaN where a model failed),
            old_failed, new_failed, old_unsure, new_unsure, and the columns named by ``groups``.
        settings: margin and number of failures that are allowed.
        groups: columns by which participants are grouped (site, vendor, …), NaN where unknown.
    """
    paired = images.assign(difference=images["new_mm2"] - images["old_mm2"]).dropna(subset=["difference"])
    parts = list(_parts(paired, groups)) if len(paired) else []
    alphas = [ALPHA_BEYOND, *[ALPHA_BEYOND / max(1, len(parts) - 1)] * (len(parts) - 1)][: len(parts)]
    tests = tuple(
        _tested(about, name, rows, settings.margin_mm2, alpha)
        for (about, name, rows), alpha in zip(parts, alphas, strict=True)
    )
    gained = int((images["new_failed"] & ~images["old_failed"]).sum())
    lost = int((images["old_failed"] & ~images["new_failed"]).sum())
    outcome: Outcome = "cannot tell"
    if gained > settings.failures_allowed or any(one.outcome == "shifted" for one in tests):
        outcome = "shifted"
    elif tests and all(one.outcome == "equivalent" for one in tests if one.decides):
        outcome = "equivalent"
    compared = set(paired["contrast"])
    left = dict.fromkeys(str(one) for one in images["contrast"] if one not in compared)
    unsure = int((images["new_unsure"] & ~images["old_unsure"]).sum())
    return Verdict(outcome, tests, gained, lost, tuple(left), unsure)


def differences_of(rows: pd.DataFrame) -> Floats:
    """Return one difference per participant: the mean over their contrasts of the mean over their images."""
    largest = float(rows[["old_mm2", "new_mm2"]].abs().max().max())
    each = rows.groupby(["participant_id", "contrast"], observed=True)["difference"].mean()
    persons = each.groupby("participant_id", observed=True).mean().to_numpy(dtype=np.float64)
    return without_rounding(persons, largest)


def _parts(paired: pd.DataFrame, groups: Sequence[str]) -> Iterator[tuple[str, str, pd.DataFrame]]:
    yield EVERYTHING, "all images", paired
    for about in (CONTRAST, *groups):
        found = [(str(name), rows) for name, rows in paired.groupby(about, observed=True, sort=False)]
        # The only part of its kind is what was tested already.
        yield from ((about, name, rows) for name, rows in found if len(found) > 1)


def _tested(about: str, name: str, rows: pd.DataFrame, margin: float, alpha_beyond: float) -> Tested:
    d = differences_of(rows)
    within = max(float(equivalence_p(d, margin)[0]), mean_equivalence_p(d, margin))
    beyond = _beyond_p(d, margin)
    outcome: Outcome = "cannot tell"
    if within < ALPHA:
        outcome = "equivalent"
    elif beyond < alpha_beyond:
        outcome = "shifted"
    limits = (nan, nan)
    if len(d) > 1:
        agreement = bland_altman(d)
        limits = (agreement.lower.value, agreement.upper.value)
    shift = typical_shift(d, float(signed_rank(d).critical[0]))
    needed = None
    if outcome == "cannot tell" and len(d) > 1:
        sd = float(d.std(ddof=1))
        needed = participants_needed(
            shift.estimate, sd, margin, alpha_within=ALPHA, alpha_beyond=alpha_beyond
        )
    return Tested(
        about,
        name,
        len(d),
        len(rows),
        shift,
        mean_shift(d),
        limits,
        within,
        beyond,
        outcome,
        needed,
    )


def mean_equivalence_p(differences: Floats, margin: float) -> float:
    """p of the hypothesis that the mean difference is at least ``margin``: two one-sided t tests, the larger.

    Source: Schuirmann 1987, J Pharmacokinet Biopharm 15:657.

    >>> import numpy as np
    >>> mean_equivalence_p(np.array([0.1, -0.2, 0.3, 0.0, -0.1, 0.2]), margin=1.0) < 0.001
    True
    """
    n = len(differences)
    if n < 2:
        return 1.0
    mean, error = float(differences.mean()), float(differences.std(ddof=1)) / np.sqrt(n)
    if error == 0:
        return float(abs(mean) >= margin)
    return float(t.sf((margin - abs(mean)) / error, n - 1))


def _beyond_p(d: Floats, margin: float) -> float:
    """One-sided p of the hypothesis that the shift is at most ``margin``, on the side where it lies."""
    above = float(signed_rank(d - margin, alternative="greater").p[0])
    below = float(signed_rank(d + margin, alternative="less").p[0])
    return min(above, below)
