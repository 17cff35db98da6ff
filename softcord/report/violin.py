"""The paper's violin plots: a point per participant, joined by lines, a white triangle at the mean, stars."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from softcord.contrasts import contrast_label
from softcord.report.order import contrast_order, method_colour, method_order
from softcord.report.summary import mean_sd, telling_digits
from softcord.stats.outliers import outliers

FloatArray = npt.NDArray[np.float64]

# Under the name of a contrast that a method was tested on, not trained on.
UNSEEN_MARK = "\n(unseen)"
# Okabe and Ito's colours, which the colour-blind tell apart; the axis names the contrasts too.
CONTRAST_COLOURS = {
    "dwi": "#009e73",
    "MTon": "#e69f00",
    "GREt1w": "#56b4e9",
    "T1w": "#cc79a7",
    "T2star": "#d55e00",
    "T2w": "#f0e442",
    "MToff": "#0072b2",
}
# The shape of fewer values is that of the smoothing, not of the people.
VIOLINS_FROM = 8
# Lines of more people hide what they join.
LINES_UP_TO = 100
STARS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))
BRACKETS_UP_TO = 15
BRACKET_INCHES = 0.17
VIOLIN_INCHES = 3.3
STAR_NOTE = "* p < 0.05, ** p < 0.01, *** p < 0.001, corrected"


@dataclass(frozen=True)
class _Panel:
    """One row of violins: their values, colours and names, and the brackets over them."""

    title: str
    values: pd.DataFrame
    colours: list[str]
    names: list[str]
    brackets: list[tuple[int, int, str]]
    links: Mapping[tuple[str, str], str]

    def columns(self) -> list["pd.Series[float]"]:
        """Return the values of each violin, missing ones included."""
        return [self.values.iloc[:, place].astype(float) for place in range(self.values.shape[1])]

    def link(self, person: str, name: str) -> str | None:
        """Return where a participant's overlay by that method is, if there is one."""
        return self.links.get((person, name)) or self.links.get((person, self.title))


def violins_by_method(
    wide: pd.DataFrame,
    tests: pd.DataFrame,
    label: str,
    title: str = "",
    links: Mapping[tuple[str, str], str] = MappingProxyType({}),
) -> Figure:
    """Draw a violin per method (the paper's Figs. 5 to 9).

    Args:
        wide: a row per participant, a column per method; missing values are left out.
        tests: rows of comparisons for the stars (columns a, b, p_adjusted); may be empty.
        label: of the value axis, with unit.
        title: above the plot.
        links: by participant and method, the address that an outlier's name leads to.
    """
    names = method_order(wide.columns)
    colours = [method_colour(name) for name in names]
    panel = _Panel(title, wide[names], colours, names, _brackets(names, tests), links)
    figure, (axis,) = _draw([panel], label, width=max(5.0, 1.35 * len(names) + 1.2))
    axis.set_xticks(range(len(names)), names, rotation=20, ha="right", rotation_mode="anchor")
    ground_truths = sum(name.startswith("GT_") for name in names)
    if 0 < ground_truths < len(names):
        axis.axvline(ground_truths - 0.5, linestyle="--", color="black", linewidth=0.8)
    return figure


def violins_by_contrast(
    wide_by_method: dict[str, pd.DataFrame],
    tests: pd.DataFrame,
    label: str,
    links: Mapping[tuple[str, str], str] = MappingProxyType({}),
    unseen: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> Figure:
    """Draw a panel per method with a violin per contrast, one value axis (the paper's Figs. 3, 4, S2 to S8).

    ``wide_by_method``: per method a row per participant and a column per contrast. ``tests`` and
    ``links`` as in :func:`violins_by_method`, the tests with the method in ``about``. The contrasts that are
    ``unseen``, by method, are marked.
    """
    keys = contrast_order(key for wide in wide_by_method.values() for key in wide.columns)
    colours = [CONTRAST_COLOURS.get(key, "#bbbbbb") for key in keys]
    panels = []
    for method in method_order(wide_by_method):
        wide = wide_by_method[method].reindex(columns=keys)
        about = tests[tests["about"] == method] if len(tests) else tests
        only_tested = unseen.get(method, ())
        labels = [contrast_label(key) + UNSEEN_MARK * (key in only_tested) for key in keys]
        panels.append(_Panel(method, wide, colours, labels, _brackets(keys, about), links))
    figure, _ = _draw(panels, label, width=max(5.0, 1.1 * len(keys) + 1.2))
    return figure


def star(p: float) -> str:
    """Stars of a corrected p-value; none from 0.05 on."""
    return next((stars for limit, stars in STARS if p < limit), "")


def _draw(panels: Sequence[_Panel], label: str, width: float) -> tuple[Figure, list[Axes]]:
    levels = [_levels(panel.brackets) for panel in panels]
    heights: list[float] = []
    for level in levels:
        heights += [BRACKET_INCHES * (2.2 + max(level, default=-1)), VIOLIN_INCHES]
    figure = Figure(figsize=(width, sum(heights) + 0.8 * len(panels)), layout="constrained")
    axes = figure.subplots(2 * len(panels), 1, height_ratios=heights, squeeze=False)[:, 0]
    for panel, level, above, axis in zip(panels, levels, axes[::2], axes[1::2], strict=True):
        _violins(axis, panel, label)
        _annotations(above, axis, panel, level)
    low = min(axis.get_ylim()[0] for axis in axes[1::2])
    high = max(axis.get_ylim()[1] for axis in axes[1::2])
    for axis in axes[1::2]:
        axis.set_ylim(low, high)
    if any(panel.brackets for panel in panels):
        figure.supxlabel(STAR_NOTE, x=0.99, ha="right", size=7, color="#555555")
    return figure, list(axes[1::2])


def _violins(axis: Axes, panel: _Panel, label: str) -> None:
    places = np.full(panel.values.shape, np.nan)
    for place, (column, colour) in enumerate(zip(panel.columns(), panel.colours, strict=True)):
        is_there = column.notna().to_numpy()
        values = np.asarray(column[is_there], dtype=np.float64)
        # A violin needs a spread to estimate; a few or equal values are points only.
        if len(values) >= VIOLINS_FROM and np.ptp(values) > 0:
            bodies: Any = axis.violinplot(values, [place], widths=0.8, showextrema=False)["bodies"]
            bodies[0].set(facecolor=colour, edgecolor="#444444", alpha=0.75, linewidth=0.8)
        places[is_there, place] = place + _swarm(np.asarray(values, np.float64))
        axis.scatter(places[is_there, place], values, s=9, color="#333333", alpha=0.7, linewidths=0, zorder=3)
        if len(values):
            axis.scatter(
                [place], [values.mean()], marker="^", s=70, color="white", edgecolors="black", zorder=4
            )
        _name_outliers(axis, panel, place, column)
    _join(axis, places, panel.values.to_numpy(dtype=float))
    axis.set_xticks(range(len(panel.names)), panel.names)
    axis.set_xlim(-0.6, len(panel.names) - 0.4)
    axis.set_ylabel(label)
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis="y", linewidth=0.4, alpha=0.5)
    axis.set_axisbelow(True)


def _join(axis: Axes, places: FloatArray, values: FloatArray) -> None:
    """Join each participant's neighbouring points."""
    if len(values) > LINES_UP_TO:
        return
    points = np.stack([places, values], axis=2)
    pairs = np.stack([points[:, :-1], points[:, 1:]], axis=2).reshape(-1, 2, 2)
    drawn = pairs[np.isfinite(pairs).all(axis=(1, 2))]
    axis.add_collection(
        LineCollection(list(drawn), colors="#6b7280", linewidths=0.5, alpha=0.45, zorder=2), autolim=False
    )


def _name_outliers(axis: Axes, panel: _Panel, place: int, column: "pd.Series[float]") -> None:
    """Write who lies far from the others; the name leads to the overlay where the page has one."""
    value_of = column.to_dict()
    for name in outliers(column):
        person = str(name[0] if isinstance(name, tuple) else name)
        words = " ".join(map(str, name)) if isinstance(name, tuple) else person
        axis.text(
            place + 0.1, float(value_of[name]), words, size=6, va="center", color="#374151",
            url=panel.link(person, panel.names[place]),
        )  # fmt: skip


def _annotations(above: Axes, axis: Axes, panel: _Panel, levels: Sequence[int]) -> None:
    """Write mean ± SD over each violin and the brackets with stars above that."""
    above.set_axis_off()
    above.set(xlim=axis.get_xlim(), ylim=(-1.2, max(levels, default=-1) + 1))
    above.set_title(panel.title, size=10)
    columns = [column.dropna() for column in panel.columns()]
    digits = telling_digits(float(column.mean()) for column in columns)
    for place, column in enumerate(columns):
        if len(column):
            sd = float(column.std(ddof=1)) if len(column) > 1 else float("nan")
            words = mean_sd(float(column.mean()), sd, digits)
            above.text(place, -1.1, words, ha="center", va="bottom", size=8)
    for (a, b, stars), level in zip(panel.brackets, levels, strict=True):
        left, right = a + 0.05, b - 0.05  # neighbours at one level stay apart
        line = [level, level + 0.25, level + 0.25, level]
        above.plot([left, left, right, right], line, color="black", linewidth=0.8)
        above.text((a + b) / 2, level + 0.02, stars, ha="center", va="bottom", size=9)


def _swarm(values: FloatArray, bins: int = 24, step: float = 0.06, widest: float = 0.32) -> FloatArray:
    """Sideways offsets that spread points of nearly equal value symmetrically."""
    offsets = np.zeros(len(values))
    if len(values) < 2 or np.ptp(values) == 0:
        return offsets
    bin_of = ((values - values.min()) / np.ptp(values) * (bins - 1)).round()
    for number in np.unique(bin_of):
        members = np.flatnonzero(bin_of == number)
        spread = np.arange(len(members)) - (len(members) - 1) / 2
        offsets[members] = spread * min(step, 2 * widest / len(members))
    return offsets


def _brackets(names: Sequence[str], tests: pd.DataFrame) -> list[tuple[int, int, str]]:
    """Places and stars of the significant pairs, at most ``BRACKETS_UP_TO`` with the smallest p."""
    place = {name: i for i, name in enumerate(names)}
    found = [
        (p, min(place[a], place[b]), max(place[a], place[b]))
        for a, b, p in zip(tests["a"], tests["b"], tests["p_adjusted"].astype(float), strict=True)
        if a in place and b in place and star(p)
    ]
    shown = sorted(found)[:BRACKETS_UP_TO]
    return [(a, b, star(p)) for p, a, b in sorted(shown, key=lambda pair: (pair[2] - pair[1], pair[1]))]


def _levels(brackets: Sequence[tuple[int, int, str]]) -> list[int]:
    """Height of each bracket: the lowest at which it touches no bracket placed before."""
    levels: list[int] = []
    for i, (a, b, _stars) in enumerate(brackets):
        taken = {levels[k] for k, (c, d, _) in enumerate(brackets[:i]) if c < b and a < d}
        levels.append(next(level for level in range(i + 1) if level not in taken))
    return levels
