"""What the gate found as tables and JSON: tests, spread over contrasts, failures."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from softcord.drift.sentence import part_words
from softcord.drift.settings import DriftSettings
from softcord.drift.verdict import Tested, Verdict


def tests_table(verdict: Verdict) -> pd.DataFrame:
    """Return a row per test, numbers in mm²."""
    return pd.DataFrame([_row(one) for one in verdict.tests])


def _row(one: Tested) -> dict[str, object]:
    return {
        "of": part_words(one),
        "verdict": one.outcome,
        "participants": one.participants,
        "images": one.images,
        "shift_mm2": one.shift.estimate,
        "ci_low": one.shift.low,
        "ci_high": one.shift.high,
        "mean_mm2": one.mean.estimate,
        "limit_low": one.limits[0],
        "limit_high": one.limits[1],
        "p_within": one.p_equivalent,
        "p_beyond": one.p_shifted,
        "decides": "always" if one.decides else "only if shifted",
        "participants_needed": "" if one.needed is None else one.needed,
    }


def levels_table(areas: pd.DataFrame) -> pd.DataFrame:
    """Return mean areas and differences per level, soft and binarised, over images both models measured."""
    rows = []
    for level, own in areas.dropna(subset=["old_mm2", "new_mm2"]).groupby("level", sort=False):
        row: dict[str, object] = {"level": level, "images": len(own)}
        for kind in ("", "bin_"):
            change = own[f"new_{kind}mm2"] - own[f"old_{kind}mm2"]
            row |= {
                f"old_{kind}mm2": own[f"old_{kind}mm2"].mean(),
                f"new_{kind}mm2": own[f"new_{kind}mm2"].mean(),
            }
            row |= {f"bias_{kind}mm2": change.mean(), f"sd_{kind}mm2": change.std(ddof=1)}
        rows.append(row)
    return pd.DataFrame(rows)


def spread_table(images: pd.DataFrame) -> pd.DataFrame:
    """Return the mean over participants of the SD (ddof 1) of CSA over their contrasts, by old and new model.

    Only contrasts that both models measured, of participants with two or more, so that both are of the same.
    """
    both = images.dropna(subset=["old_mm2", "new_mm2"])
    each = both.groupby(["participant_id", "contrast"], observed=True)[["old_mm2", "new_mm2"]].mean()
    spread = each.groupby("participant_id", observed=True).std(ddof=1).dropna()
    if spread.empty:
        return pd.DataFrame()
    change = spread["new_mm2"] - spread["old_mm2"]
    row = {"participants": len(spread), "old_std_mm2": spread["old_mm2"].mean()}
    return pd.DataFrame([row | {"new_std_mm2": spread["new_mm2"].mean(), "change_mm2": change.mean()}])


def failures_table(images: pd.DataFrame) -> pd.DataFrame:
    """Return the images without two areas, and what became of them."""
    rows = images[images["reason"].astype(str) != ""]
    names = {
        (False, True): "gained",
        (True, False): "lost",
        (True, True): "both",
        (False, False): "not measured",
    }
    kinds = [names[old, new] for old, new in zip(rows["old_failed"], rows["new_failed"], strict=True)]
    columns = ["participant_id", "session_id", "contrast", "image"]
    return rows[columns].assign(failure=kinds, reason=rows["reason"])


def as_json(
    verdict: Verdict, settings: DriftSettings, said: str, exit_code: int, made: Mapping[str, object]
) -> dict[str, Any]:
    """Return the machine's version of the verdict; numbers that are none are null."""
    tests = [{**_row(one), "about": one.about, "name": one.name} for one in verdict.tests]
    whole = {
        "verdict": verdict.outcome,
        "exit_code": exit_code,
        "sentence": said,
        "margin_mm2": settings.margin_mm2,
        "level": settings.level,
        "failures_gained": verdict.failures_gained,
        "failures_lost": verdict.failures_lost,
        "failures_allowed": settings.failures_allowed,
        "unsure_gained": verdict.unsure_gained,
        **made,
        "tests": tests,
    }
    cleaned: dict[str, Any] = _without_nan(whole)
    return cleaned


def _without_nan(value: object) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_nan(one) for one in value]
    if isinstance(value, float | np.floating):
        return float(value) if isfinite(value) else None
    return value.item() if isinstance(value, np.integer) else value
