"""Is one method better than another on the same participants?"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import nan

import numpy as np
import numpy.typing as npt
import pandas as pd

from softcord.errors import DataError
from softcord.stats.adjust import adjust
from softcord.stats.evidence import Evidence
from softcord.stats.false_claim import false_claim_probability
from softcord.stats.frames import tested_methods
from softcord.stats.grid import Grid, means_by_contrast, means_by_participant, means_by_run, reason
from softcord.stats.kinds.chosen import chosen_methods, measured_for
from softcord.stats.measured import SPREAD_OF, Measured
from softcord.stats.mixed import SeedModel, seed_model
from softcord.stats.pair import Pair
from softcord.stats.questions import Question
from softcord.stats.rows import ALPHA, Row, accounted, correction_words, paired_rows, row_of

# All pairs of more methods than this are more tests than anyone reads; one method is then the reference.
ALL_PAIRS_UP_TO = 30
SEED_MODELS_UP_TO = 15
_NO_SEED = ("", "n/a", "nan", "None")


def answer(evidence: Evidence, question: Question) -> Iterator[Row]:
    """Signed-rank tests of all pairs (or of all with the reference); with several seeds, mixed models too."""
    found = measured_for(evidence, question)
    names = chosen_methods(found.names(), question)
    if len(names) < 2:
        raise DataError(
            question.name, f"only {', '.join(names) or 'no method'} was measured", "Run more methods"
        )
    several = _Several(found, names, question, _seeded(evidence.measures))
    pairs = [several.pair(a, b) for a, b in _pairs(names, question)]
    fits: list[_Fit] = []
    if question.unit_of_analysis == "participant" and len(pairs) <= SEED_MODELS_UP_TO:
        fits = list(_seed_models(several, pairs))
    yield from _with_false_claims(paired_rows(pairs, question), fits)
    yield from _seed_rows(fits, question)


def _pairs(names: Sequence[str], question: Question) -> list[tuple[str, str]]:
    reference = question.reference
    if reference is None and len(names) > ALL_PAIRS_UP_TO:
        reference = "soft_all" if "soft_all" in names else names[0]
    if reference is None:
        return list(combinations(names, 2))
    if reference not in names:
        raise DataError(
            question.name, f"its reference {reference} was not measured", f"Measured: {', '.join(names)}"
        )
    return [(reference, name) for name in names if name != reference]


def _seeded(measures: pd.DataFrame) -> set[str]:
    """Return the methods whose result depends on a seed."""
    if "seed" not in measures.columns:
        return set()
    known = measures[["method", "seed"]].drop_duplicates()
    return {str(m) for m, seed in known.itertuples(index=False) if str(seed) not in _NO_SEED}


@dataclass(frozen=True)
class _Fit:
    """A pair's mixed model and the number of seeds of either side."""

    pair: Pair
    model: SeedModel
    seeds: tuple[int, int]


class _Several:
    """What several methods measured, over the contrasts that the two of each pair were both tested on."""

    def __init__(self, found: Measured, names: Sequence[str], question: Question, seeded: set[str]) -> None:
        self.found, self.question, self.seeded = found, question, seeded
        self._grids: dict[tuple[str, ...], Grid] = {}
        self._means: dict[tuple[tuple[str, ...], str], npt.NDArray[np.float64]] = {}
        self._of = {name: found.contrasts_of(name) for name in names}
        every = (contrast for name in names for contrast in self._of[name])
        self.asked = question.contrasts or tuple(sorted(dict.fromkeys(every)))

    def shared(self, a: str, b: str) -> tuple[str, ...]:
        """Return the contrasts of a pair."""
        return tuple(name for name in self.asked if name in self._of[a] and name in self._of[b])

    def grid(self, contrasts: tuple[str, ...]) -> Grid:
        """Return the values over some contrasts, made once."""
        if contrasts not in self._grids:
            self._grids[contrasts] = self.found.over(contrasts)
        return self._grids[contrasts]

    def pair(self, a: str, b: str) -> Pair:
        """Return two methods' values, a participant's or (pooled) an image's."""
        contrasts = self.shared(a, b)
        if not contrasts:
            nobody = np.full(len(self.found.base.people), np.nan)
            return Pair(a, b, self.found.base.people, nobody, nobody, lambda _: "no contrast in common")
        grid = self.grid(contrasts)
        notes = tuple(self._notes(a, b, contrasts, grid))
        single = tuple(name for name in (a, b) if name in self.seeded and len(grid.of(name)) == 1)
        if self.question.unit_of_analysis == "pooled":
            return replace(_pooled(grid, a, b), notes=notes, one_seed=single)
        first, second = self._mean(contrasts, a), self._mean(contrasts, b)

        def why(person: int) -> str:
            said = dict.fromkeys(reason(grid, name, person) for name in (a, b))
            return ", ".join(word for word in said if word)

        return Pair(a, b, grid.people, first, second, why, notes, single)

    def _mean(self, contrasts: tuple[str, ...], method: str) -> npt.NDArray[np.float64]:
        key = (contrasts, method)
        if key not in self._means:
            self._means[key] = means_by_participant(self.grid(contrasts), method)
        return self._means[key]

    def _notes(self, a: str, b: str, contrasts: tuple[str, ...], grid: Grid) -> Iterator[str]:
        if len(contrasts) < len(self.asked):
            yield f"over {', '.join(contrasts)} only, on which both were tested"
        if self.question.metric in SPREAD_OF and self.found.recorded is not self.found.base:
            counts = self.found.contrast_counts(contrasts)
            sizes, people = np.unique(counts[counts >= 2], return_counts=True)
            if len(sizes) > 1:
                each = zip(sizes, people, strict=True)
                yield "spread over " + ", ".join(f"{size} contrasts in {k} participants" for size, k in each)
        sessions = np.unique(grid.sessions)
        if len(sessions) > 1:
            has = np.stack([grid.wanted[:, grid.sessions == name].any(axis=1) for name in sessions]).sum(
                axis=0
            )
            if (has > 1).any():
                yield f"sessions averaged ({int((has > 1).sum())} participants have several)"


def _pooled(grid: Grid, a: str, b: str) -> Pair:
    """Return every image of the data as if it were a participant of its own."""
    first, _, names = means_by_contrast(grid, grid.of(a))
    second, _, _ = means_by_contrast(grid, grid.of(b))
    there = np.stack(
        [grid.present[grid.tested][:, :, grid.contrasts == name].any(axis=(0, 2)) for name in names]
    )
    images = [(p, k) for p in range(len(grid.people)) for k in range(len(names)) if there[k, p]]
    images += [(int(p), -1) for p in np.flatnonzero(~there.any(axis=0))]
    words = tuple(grid.people[p] + (f"/{names[k]}" if k >= 0 else "") for p, k in images)

    def of_images(table: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.array([table[p, k] if k >= 0 else np.nan for p, k in images])

    def why(place: int) -> str:
        person, k = images[place]
        part = grid.over([names[k]]) if k >= 0 else grid
        said = dict.fromkeys(reason(part, name, person) for name in (a, b))
        return ", ".join(word for word in said if word)

    return Pair(a, b, words, of_images(first), of_images(second), why)


def _with_false_claims(tests: Iterable[Row], fits: Iterable[_Fit]) -> Iterator[Row]:
    """Add how probable it is that a test's direction is a false claim.

    The spread of seeds is that of the pair's own mixed model; of one seed it is not known and not counted.
    """
    models = {(fit.pair.a, fit.pair.b): fit for fit in fits}
    for row in tests:
        fit = models.get((str(row["a"]), str(row["b"])))
        sd_seed, seeds = (fit.model.sd_seed, fit.seeds) if fit else (nan, (1, 1))
        shift, low, high = (float(str(row[key])) for key in ("effect", "ci_low", "ci_high"))
        p = false_claim_probability(shift, low, high, int(str(row["n"])), sd_seed=sd_seed, runs=seeds)
        yield row | {"p_false_claim": p}


def _seed_models(several: _Several, pairs: Sequence[Pair]) -> Iterator[_Fit]:
    for pair in pairs:
        complete = np.isfinite(pair.first) & np.isfinite(pair.second)
        contrasts = several.shared(pair.a, pair.b)
        if complete.sum() < 2 or not contrasts:
            continue
        a, b = (means_by_run(several.grid(contrasts), name)[:, complete] for name in (pair.a, pair.b))
        are_seeded = not {pair.a, pair.b} - set(tested_methods([pair.a, pair.b]))
        if min(len(a), len(b)) >= 2 and are_seeded:
            yield _Fit(pair, seed_model(a, b), (len(a), len(b)))


def _seed_rows(fits: Sequence[_Fit], question: Question) -> Iterator[Row]:
    """Add the answer with seeds and participants as random factors, where the methods have several seeds."""
    adjusted = adjust([fit.model.p for fit in fits], question.correction)
    words = correction_words(question, len(fits))
    for one, p_adjusted in zip(fits, adjusted, strict=True):
        pair, fit = one.pair, one.model
        text = (
            f"mixed model, seeds and participants random, t({fit.df:.1f}), {fit.runs} runs; effect: mean "
            f"difference; SD between participants {fit.sd_participant:.3g}, of their reactions "
            f"{fit.sd_reaction:.3g}, between seeds {fit.sd_seed:.3g}, error {fit.sd_error:.3g}"
        )
        found = "a lower" if fit.effect < 0 else "a higher"
        yield (
            row_of(question, pair.a, pair.b)
            | accounted(fit.n, pair.left_out())
            | {
                "correction": words,
                "statistic": fit.statistic,
                "p": fit.p,
                "p_adjusted": p_adjusted,
                "method": f"{text}; {words}",
                "effect": fit.effect,
                "ci_low": fit.ci_low,
                "ci_high": fit.ci_high,
                "test": "seed model",
                "verdict": found if p_adjusted < ALPHA else "no difference found",
                "mean_difference": fit.effect,
                "mean_ci_low": fit.ci_low,
                "mean_ci_high": fit.ci_high,
                "sd_participant": fit.sd_participant,
                "sd_reaction": fit.sd_reaction,
                "sd_seed": fit.sd_seed,
                "sd_error": fit.sd_error,
            }
        )
