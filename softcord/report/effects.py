"""By how much methods differ, at a glance: a forest of intervals, or of many methods a matrix of effects."""

from collections.abc import Sequence
from math import isnan
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from softcord.measure.metrics import METRICS
from softcord.report.order import method_order
from softcord.report.violin import STAR_NOTE, star
from softcord.stats.best import winner_of
from softcord.stats.words import Said, digits_of_unit, interval_words, number, signed, write_p

# Of more pairs nobody reads a line each.
FOREST_UP_TO = 15
BETTER, WORSE, NEITHER = "#0072B2", "#D55E00", "#6b7280"
_LINE_INCHES = 0.34


def effects_plot(tests: pd.DataFrame, label: str) -> Figure:
    """Draw the tests of one question between methods: signed-rank interval, margin, n and corrected p.

    Args:
        tests: rows of :func:`softcord.stats.compare.compare_in_detail`, test ``wilcoxon``, of one question.
        label: of the metric, with unit.
    """
    is_star = tests["a"].nunique() == 1 or tests["b"].nunique() == 1
    if len(tests) > FOREST_UP_TO and not is_star:
        return _matrix(tests, label)
    return _forest(tests.to_dict("records"), label)


def _forest(rows: Sequence[Said], label: str) -> Figure:
    figure = Figure(figsize=(9.6, _LINE_INCHES * (len(rows) + 1) + 0.9), layout="constrained")
    names, axis, words = figure.subplots(1, 3, width_ratios=(2.6, 4, 3.2), sharey=True)
    for place, row in enumerate(rows):
        y = len(rows) - 1 - place
        names.text(1, y, f"{row['a']} − {row['b']}", ha="right", va="center", size=8)
        _interval(axis, row, y)
        words.text(0, y, _said(row), ha="left", va="center", size=8)
    for side in (names, words):
        side.set_axis_off()
        side.set_xlim(0, 1)
    margin = number(rows[0], "margin")
    if not isnan(margin):
        axis.axvspan(-margin, margin, color="#e5e7eb", zorder=0, linewidth=0)
    axis.axvline(0, color="black", linewidth=0.8)
    axis.set_ylim(-0.6, len(rows) - 0.4)
    axis.set_yticks([])
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.set_xlabel(f"difference in {label}", size=8)
    _ways(axis, str(rows[0]["metric"]))
    return figure


def _interval(axis: Axes, row: Said, y: float) -> None:
    effect, low, high = (number(row, key) for key in ("effect", "ci_low", "ci_high"))
    colour = _colour(row)
    if not isnan(low):
        axis.plot([low, high], [y, y], color=colour, linewidth=1.8, solid_capstyle="butt")
    if not isnan(effect):
        axis.plot([effect], [y], marker="o" if colour != NEITHER else "s", color=colour, markersize=5)


def _colour(row: Said) -> str:
    """Colour a difference only where its own test found one."""
    winner = winner_of(row)
    if not winner:
        return NEITHER
    return BETTER if winner == row["a"] else WORSE


def _said(row: Said) -> str:
    if isnan(number(row, "effect")):
        return f"not tested, n = {row['n']} of {row['participants']}"
    p = number(row, "p_adjusted")
    tested = "not tested" if isnan(p) else f"{write_p(p)} {star(p)}".rstrip()
    return f"{interval_words(row)}; {tested}; n = {row['n']} of {row['participants']}"


def _ways(axis: Axes, metric: str) -> None:
    better = METRICS[metric].better if metric in METRICS else "none"
    if better == "none":
        return
    left, right = ("first better", "second better")[:: 1 if better == "lower" else -1]
    place: dict[str, Any] = {"transform": axis.transAxes, "va": "bottom", "size": 7, "color": "#374151"}
    axis.text(0.0, 1.0, f"← {left}", ha="left", **place)
    axis.text(1.0, 1.0, f"{right} →", ha="right", **place)


def _matrix(tests: pd.DataFrame, label: str) -> Figure:
    names = method_order([*tests["a"], *tests["b"]])
    size = len(names)
    figure = Figure(figsize=(0.62 * size + 2.6, 0.36 * size + 1.8), layout="constrained")
    axis = figure.subplots()
    for row in tests.to_dict("records"):
        i, j = names.index(str(row["a"])), names.index(str(row["b"]))
        for y, x, turn in ((i, j, 1.0), (j, i, -1.0)):
            _cell(axis, row, x, y, turn)
    axis.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5))
    axis.set_xticks(range(size), names, rotation=35, ha="left", rotation_mode="anchor", size=8)
    axis.set_yticks(range(size), names, size=8)
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    colours = "blue: the row is better, orange: worse, by the corrected test; white: no difference found"
    figure.supxlabel(f"typical difference in {label}, row − column; {colours}. {STAR_NOTE}", size=7)
    return figure


def _cell(axis: Axes, row: Said, x: int, y: int, turn: float) -> None:
    effect, p = turn * number(row, "effect"), number(row, "p_adjusted")
    colour = _colour(row)
    if turn < 0 and colour != NEITHER:
        colour = WORSE if colour == BETTER else BETTER
    if colour != NEITHER:
        axis.add_patch(Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, facecolor=colour, alpha=0.35))
    text = "n/a" if isnan(effect) else signed(effect, digits_of_unit(str(row["unit"]))) + star(p)
    axis.text(x, y, text, ha="center", va="center", size=6.5 if np.isfinite(effect) else 6)
