"""Questions within a method: does CSA depend on the contrast, and do two contrasts agree?"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd

from softcord.stats.agreement import agreement
from softcord.stats.anova import repeated_anova
from softcord.stats.frames import Frame, by_contrast, complete_pairs
from softcord.stats.friedman import friedman
from softcord.stats.methods import chosen_methods
from softcord.stats.questions import Question
from softcord.stats.rows import Row, row_of, wilcoxon_rows

EVERY_CONTRAST = "all contrasts"


def answer_contrasts(rows: pd.DataFrame, question: Question) -> Iterator[Row]:
    """ANOVA and Friedman over contrasts per method, then every pair of contrasts (one family per method)."""
    wide_by_method = by_contrast(rows)
    for method in chosen_methods(list(wide_by_method), question):
        wide = wide_by_method[method]
        if question.contrasts:
            wide = wide[[key for key in question.contrasts if key in wide.columns]]
        if wide.shape[1] < 2:
            continue
        frame = complete_pairs(wide)
        if len(frame.values) >= 2:
            yield from _contrast_effect_rows(frame, question, method)
        yield from wilcoxon_rows(wide, list(combinations(wide.columns, 2)), question, about=method)


def _contrast_effect_rows(frame: Frame, question: Question, method: str) -> Iterator[Row]:
    values = frame.values.to_numpy(dtype=np.float64)
    shared: Row = row_of(question, EVERY_CONTRAST, "n/a", method) | {
        "n": len(values),
        "dropped": len(frame.dropped),
        "dropped_names": " ".join(frame.dropped),
    }
    f = repeated_anova(values)
    yield shared | {
        "statistic": f.statistic,
        "p": f.p,
        "p_adjusted": f.p_gg,
        "method": f"repeated-measures ANOVA, F({f.df_effect}, {f.df_error}); Greenhouse-Geisser epsilon "
        f"{f.epsilon:.3f}; Mauchly W {f.w:.3f}, p {f.p_sphericity:.3g}; effect: generalised eta squared",
        "effect": f.eta_generalised,
        "test": "anova",
    }
    ranks = friedman(values)
    yield shared | {
        "statistic": ranks.statistic,
        "p": ranks.p,
        "p_adjusted": ranks.p,
        "method": f"Friedman, chi-squared({ranks.df}); effect: Kendall's W",
        "effect": ranks.kendall_w,
        "test": "friedman",
    }


def answer_agreement(rows: pd.DataFrame, question: Question) -> Iterator[Row]:
    """Line and Bland-Altman limits per method and pair of contrasts."""
    wide_by_method = by_contrast(rows)
    for method in chosen_methods(list(wide_by_method), question):
        wide = wide_by_method[method]
        keys = [key for key in question.contrasts or wide.columns if key in wide.columns]
        for x, y in combinations(keys, 2):
            yield from _agreement_rows(complete_pairs(wide, [x, y]), question, method)


def _agreement_rows(frame: Frame, question: Question, method: str) -> Iterator[Row]:
    x, y = frame.values.columns
    if len(frame.values) < 3:
        return
    fit = agreement(frame.values[x], frame.values[y])
    shared: Row = row_of(question, str(x), str(y), method) | {
        "n": fit.n,
        "dropped": len(frame.dropped),
        "dropped_names": " ".join(frame.dropped),
    }
    line = f"line b = {fit.slope:.3g} a {fit.intercept:+.3g}, r² {fit.r2:.3f}; effect: slope"
    yield shared | {
        "statistic": fit.r2,
        "p": fit.p,
        "p_adjusted": np.nan,
        "method": f"no line: all values of {x} are equal" if np.isnan(fit.slope) else line,
        "effect": fit.slope,
        "ci_low": fit.slope_low,
        "ci_high": fit.slope_high,
        "intercept": fit.intercept,
        "test": "line",
    }
    yield shared | {
        "method": "Bland-Altman, mean of b - a and 95% limits of agreement",
        "effect": fit.bias,
        "ci_low": fit.limit_low,
        "ci_high": fit.limit_high,
        "test": "bland-altman",
    }
