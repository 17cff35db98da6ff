"""Bland-Altman panels: differences of two contrasts against their means, one panel per method."""

from math import isnan

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from softcord.contrasts import contrast_label
from softcord.report.order import method_colour, method_order

COLUMNS_UP_TO = 3
_PANEL_INCHES = (3.4, 3.0)
# Test of the row, line style and grey of the band of its interval.
_LINES = (("bias", "-", "#9ca3af"), ("lower limit", "--", "#d1d5db"), ("upper limit", "--", "#d1d5db"))


def bland_altman_plot(
    wide_by_method: dict[str, pd.DataFrame], x: str, y: str, rows: pd.DataFrame, label: str
) -> Figure:
    """Draw y - x against the mean of both, on the same axes for all methods.

    Args:
        wide_by_method: per method a row per participant and a column per contrast.
        x: the contrast that is subtracted.
        y: the contrast that it is subtracted from.
        rows: answers of kind agreement (columns about, a, b, n, test, effect, ci_low, ci_high).
        label: of the values, with unit.
    """
    methods = method_order(wide_by_method)
    columns = min(COLUMNS_UP_TO, len(methods))
    lines = -(-len(methods) // columns)
    size = (_PANEL_INCHES[0] * columns + 0.4, _PANEL_INCHES[1] * lines + 0.3)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for method, axis in zip(methods, axes, strict=False):
        pairs = wide_by_method[method][[x, y]].dropna()
        own = rows[(rows["about"] == method) & (rows["a"] == x) & (rows["b"] == y)]
        _panel(axis, method, pairs.mean(axis=1), pairs[y] - pairs[x], own)
    for axis in axes[len(methods) :]:
        axis.set_axis_off()
    figure.supxlabel(f"mean of {contrast_label(x)} and {contrast_label(y)}: {label}", size=9)
    figure.supylabel(f"{contrast_label(y)} − {contrast_label(x)}", size=9)
    return figure


def _panel(
    axis: Axes, method: str, means: "pd.Series[float]", differences: "pd.Series[float]", rows: pd.DataFrame
) -> None:
    axis.scatter(means, differences, s=14, color=method_colour(method), alpha=0.85, linewidths=0, zorder=3)
    axis.axhline(0, color="black", linewidth=0.5)
    told = []
    for test, style, grey in _LINES:
        for row in rows[rows["test"] == test].to_dict("records"):
            value, low, high = (float(row[key]) for key in ("effect", "ci_low", "ci_high"))
            axis.axhline(value, linestyle=style, color="#111827", linewidth=1.0)
            if np.isfinite([low, high]).all():
                axis.axhspan(low, high, color=grey, alpha=0.45, linewidth=0, zorder=0)
            told.append(value)
    words = f"n = {len(differences)}"
    if len(told) == 3 and not any(map(isnan, told)):
        words += f", mean {told[0]:.2f}, limits {told[1]:.2f} to {told[2]:.2f}".replace("-", "−")
    axis.set_title(f"{method}\n{words}", size=8)
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)
