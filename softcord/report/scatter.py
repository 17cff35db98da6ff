"""Agreement of CSA between contrasts: pair plots as in the paper's Figs. 10 and S1."""

from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from softcord.contrasts import contrast_label
from softcord.report.order import MARKERS, contrast_order, method_colour, method_order


def agreement_plot(
    wide_by_method: dict[str, pd.DataFrame], x: str, y: str, lines: pd.DataFrame, label: str
) -> Figure:
    """Draw one contrast's CSA against another's, a colour per method, with each method's fitted line.

    Args:
        wide_by_method: per method a row per participant and a column per contrast.
        x: contrast of the horizontal axis.
        y: contrast of the vertical axis.
        lines: rows with columns about, effect (slope), intercept and statistic (r²) of each method's line.
        label: of both axes, with unit.
    """
    figure = Figure(figsize=(6.2, 5.6), layout="constrained")
    axis = figure.subplots()
    limits = _limits([wide[[x, y]] for wide in wide_by_method.values()])
    fits = {str(row["about"]): row for row in lines.to_dict("records")}
    for marker, method in zip(cycle(MARKERS), method_order(wide_by_method), strict=False):
        values = wide_by_method[method][[x, y]].dropna()
        colour, fit = method_colour(method), fits.get(method)
        name = method if fit is None else f"{method} (r² {fit['statistic']:.2f}, slope {fit['effect']:.2f})"
        axis.scatter(
            values[x], values[y], s=18, marker=marker, color=colour, alpha=0.85, linewidths=0, label=name
        )
        if fit is not None:
            ends = np.array([values[x].min(), values[x].max()])
            axis.plot(ends, fit["effect"] * ends + fit["intercept"], color=colour, linewidth=1.2)
    _identity(axis, limits)
    axis.set_xlabel(f"{contrast_label(x)} {label}")
    axis.set_ylabel(f"{contrast_label(y)} {label}")
    axis.legend(fontsize=7, frameon=False, loc="upper left")
    return figure


def contrast_pair_grid(wide: pd.DataFrame, method: str, lines: pd.DataFrame, label: str) -> Figure:
    """Draw the lower triangle of all contrast pairs of one method, each with its r² and the identity line.

    ``lines``: rows with columns a, b and statistic (r²); ``wide`` as one entry in :func:`agreement_plot`.
    """
    keys = contrast_order(wide.columns)
    size = len(keys) - 1
    figure = Figure(figsize=(1.75 * size + 0.6, 1.75 * size + 0.6), layout="constrained")
    axes = figure.subplots(size, size, sharex="col", sharey="row", squeeze=False)
    limits = _limits([wide])
    squared = {frozenset((row["a"], row["b"])): row["statistic"] for row in lines.to_dict("records")}
    for i, below in enumerate(keys[1:]):
        for j, left in enumerate(keys[:-1]):
            axis = axes[i, j]
            if j > i:
                axis.set_axis_off()
                continue
            pair = wide[[left, below]].dropna()
            axis.scatter(pair[left], pair[below], s=7, color=method_colour(method), alpha=0.8, linewidths=0)
            _identity(axis, limits)
            if (r2 := squared.get(frozenset((left, below)))) is not None:
                axis.text(0.05, 0.95, f"r² {r2:.2f}", transform=axis.transAxes, va="top", size=8)
            axis.tick_params(labelsize=7)
            if i == size - 1:
                axis.set_xlabel(contrast_label(left), size=9)
            if j == 0:
                axis.set_ylabel(contrast_label(below), size=9)
    figure.suptitle(f"{method}: {label}", size=10)
    return figure


def _limits(tables: list[pd.DataFrame]) -> tuple[float, float]:
    low = min(float(np.nanmin(table.to_numpy(dtype=float))) for table in tables)
    high = max(float(np.nanmax(table.to_numpy(dtype=float))) for table in tables)
    margin = 0.06 * (high - low) or 1.0
    return low - margin, high + margin


def _identity(axis: Axes, limits: tuple[float, float]) -> None:
    axis.plot(limits, limits, linestyle="--", color="black", linewidth=0.8, zorder=1)
    axis.set(xlim=limits, ylim=limits, aspect="equal")
    axis.spines[["top", "right"]].set_visible(False)
