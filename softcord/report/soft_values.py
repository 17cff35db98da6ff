"""The report's section on soft values: CSA STD against the threshold, and what values at the border mean."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pandas as pd
from matplotlib.figure import Figure

from softcord.contrasts import contrast_label
from softcord.draw.render import figure_bytes
from softcord.measure.calibration import calibration_error, pool_reliability
from softcord.measure.threshold import csa_std_by_threshold, spread_by_threshold
from softcord.measure.threshold_files import Optimum, best_threshold
from softcord.report.order import contrast_order, method_colour, method_order
from softcord.report.page import Block, Details, Heading, Items, Picture, table_of
from softcord.report.tables import cell_text
from softcord.report.violin import CONTRAST_COLOURS

USUAL = 0.5
_FEW = 3


@dataclass(frozen=True)
class StudyValues:
    """Threshold curves and reliability of a study's methods, of each one run.

    ``curves`` and ``reliability`` as :class:`softcord.evaluation.soft_values.SoftValues` has them.
    ``without`` are methods whose masks are not there, ``left_out`` how many others are not shown.
    ``reference`` says which masks the values were held against, "" where that is not known.
    """

    curves: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    reliability: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    reference: str = ""
    left_out: int = 0


@dataclass(frozen=True)
class Section:
    """What the report takes over: blocks of the page, tables and SVG figures by file name."""

    blocks: tuple[Block, ...] = ()
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    figures: Mapping[str, bytes] = field(default_factory=dict)


def section(values: StudyValues | None) -> Section:
    """Return the section; only a line where no masks are at hand, nothing where nobody asked (None)."""
    if values is None:
        return Section()
    if not values.curves:
        words = "No threshold study and no calibration: the runs' predictions are not at hand."
        return Section((Items((words,)),))
    optima = {method: best_threshold(curves) for method, curves in values.curves.items()}
    thresholds, calibration = _threshold_table(values, optima), _calibration_table(values)
    pictures = {"thresholds": _threshold_figure(values, optima), "calibration": _calibration_figure(values)}
    figures = {name: figure_bytes(figure, "svg") for name, figure in pictures.items()}
    blocks: tuple[Block, ...] = (
        *([Items(notes)] if (notes := tuple(_notes(values))) else []),
        Heading("Where to cut a soft mask"),
        Items(tuple(_sentences(thresholds)), "sentences"),
        Picture(_threshold_caption(values), "svg", figures["thresholds"]),
        Details(f"Numbers ({len(thresholds)})", tuple(table_of(thresholds, text=cell_text))),
        Heading("Does a value of 0.3 mean 30 % cord?"),
        Picture(_calibration_caption(values), "svg", figures["calibration"]),
        Details(f"Numbers ({len(calibration)})", tuple(table_of(calibration, text=cell_text))),
    )
    return Section(blocks, {"thresholds": thresholds, "calibration": calibration}, figures)


def _threshold_table(values: StudyValues, optima: Mapping[str, Optimum | None]) -> pd.DataFrame:
    rows = []
    for method in method_order(values.curves):
        curves, best = values.curves[method], optima[method]
        summary = csa_std_by_threshold(curves).set_index("threshold")
        soft = curves.assign(csa_bin_mm2=curves["csa_bin_mm2"] + curves["csa_soft_minus_bin_mm2"])
        at = None if best is None else best.threshold
        area = curves.groupby("threshold")["csa_bin_mm2"].mean()
        rows.append(
            {
                "method": method,
                "participants": int(summary["n"].max()) if len(summary) else 0,
                "of": curves["participant_id"].nunique(),
                "CSA STD, soft (mm²)": spread_by_threshold(soft).iloc[:, :1].mean().mean(),
                "CSA STD at 0.5 (mm²)": summary["csa_bin_std_mm2"].get(USUAL),
                "best threshold": at,
                "95 % from": best and best.low,
                "95 % to": best and best.high,
                "CSA STD there (mm²)": None if at is None else summary["csa_bin_std_mm2"][at],
                "CSA there against 0.5 (%)": None if at is None else 100 * (area[at] / area[USUAL] - 1),
            }
        )
    return pd.DataFrame(rows)


def _sentences(table: pd.DataFrame) -> Iterator[str]:
    """Say of each method where its contrasts agree best, and what of that is not to be believed."""
    for row in table.to_dict("records"):
        method, at = row["method"], row["best threshold"]
        if pd.isna(at):
            few = row["participants"] < _FEW
            why = f"{row['participants']} participants are too few" if few else "its masks are hard"
            yield f"{method}: no best threshold, {why}."
            continue
        low, high = row["95 % from"], row["95 % to"]
        words = (
            f"{method}: contrasts agree best at {at:g} (95 % of resampled participants: {low:g} to "
            f"{high:g}): CSA STD {row['CSA STD there (mm²)']:.2f} mm²; at 0.5 "
            f"{row['CSA STD at 0.5 (mm²)']:.2f}, without a threshold {row['CSA STD, soft (mm²)']:.2f} mm²."
        )
        if low <= USUAL <= high:
            words += " 0.5 is within that range."
        if abs(row["CSA there against 0.5 (%)"]) >= 1:
            words += f" Areas there are {row['CSA there against 0.5 (%)']:+.1f} % of those at 0.5."
        yield words
    yield (
        "A threshold chosen on these participants is for looking: on others it has to be tested first, and a "
        "smaller area alone makes a smaller CSA STD."
    )


def _calibration_table(values: StudyValues) -> pd.DataFrame:
    rows = [
        {
            "method": method,
            "contrast": "all" if contrast is None else contrast_label(contrast),
            "voxels": int(own["n"].sum()),
            "calibration error": calibration_error(own),
            "mean predicted": _mean(own, "pred_mean"),
            "mean of the reference": _mean(own, "reference_mean"),
        }
        for method in method_order(values.reliability)
        for contrast, own in _by_contrast(values.reliability[method])
    ]
    return pd.DataFrame(rows)


def _by_contrast(table: pd.DataFrame) -> Iterator[tuple[str | None, pd.DataFrame]]:
    yield None, _all_contrasts(table)
    for contrast in contrast_order(table["contrast"].unique()):
        yield contrast, table[table["contrast"] == contrast]


def _all_contrasts(table: pd.DataFrame) -> pd.DataFrame:
    return pool_reliability([table.drop(columns="contrast")])


def _mean(table: pd.DataFrame, column: str) -> float:
    voxels = table["n"].sum()
    return float((table[column].fillna(0) * table["n"]).sum() / voxels) if voxels else float("nan")


def _threshold_figure(values: StudyValues, optima: Mapping[str, Optimum | None]) -> Figure:
    figure = Figure(figsize=(9.0, 3.6), layout="constrained")
    areas, spreads = figure.subplots(1, 2)
    methods = method_order(values.curves)
    shown = methods[-1]
    for contrast in contrast_order(values.curves[shown]["contrast"].unique()):
        own = values.curves[shown][values.curves[shown]["contrast"] == contrast]
        mean = own.groupby("threshold")["csa_bin_mm2"].mean()
        colour = CONTRAST_COLOURS.get(contrast)
        areas.plot(mean.index, mean, label=contrast_label(contrast), color=colour)
    areas.set_title(shown, fontsize=9)
    areas.set_ylabel("CSA, binarised (mm²)")
    for method in methods:
        summary, best = csa_std_by_threshold(values.curves[method]), optima[method]
        colour = method_colour(method)
        spreads.plot(summary["threshold"], summary["csa_bin_std_mm2"], color=colour, label=method)
        if best is not None:
            least = float(summary["csa_bin_std_mm2"].min())
            spreads.plot([best.low, best.high], [least, least], color=colour, linewidth=4, alpha=0.35)
            spreads.plot([best.threshold], [least], "o", color=colour, markersize=4)
    spreads.set_ylabel("CSA STD across contrasts (mm²)")
    spreads.set_ylim(bottom=0)
    for axis in (areas, spreads):
        axis.axvline(USUAL, color="0.7", linewidth=0.8, linestyle="--")
        axis.set_xlabel("threshold")
        axis.legend(fontsize=7, frameon=False)
    return figure


def _threshold_caption(values: StudyValues) -> str:
    levels = sorted({str(level) for curves in values.curves.values() for level in curves["level"].unique()})
    return (
        f"CSA of binarised masks (levels {' and '.join(levels)}) by contrast, and its STD across contrasts, "
        "mean over the participants who show cord at every threshold. Dots: smallest; thick lines: 95 % of "
        "the thresholds that resampled participants choose. Of each method one run."
    )


def _calibration_figure(values: StudyValues) -> Figure:
    figure = Figure(figsize=(4.6, 4.2), layout="constrained")
    axis = figure.subplots()
    axis.plot([0, 1], [0, 1], color="0.7", linewidth=0.8, linestyle="--")
    for method in method_order(values.reliability):
        table = _all_contrasts(values.reliability[method])
        name = f"{method} ({calibration_error(table):.3f})"
        colour = method_colour(method)
        axis.plot(table["pred_mean"], table["reference_mean"], marker="o", ms=3, color=colour, label=name)
    axis.set_xlabel("predicted value")
    axis.set_ylabel("mean of the reference")
    axis.legend(fontsize=7, frameon=False)
    return figure


def _calibration_caption(values: StudyValues) -> str:
    against = f"the {values.reference} reference" if values.reference else "the reference"
    return (
        f"Mean of {against} in voxels of each predicted value, within 2 mm of its border; all contrasts. On "
        "the dashed line a value is what it says. In brackets the calibration error: the mean distance to "
        "that line, voxels counting the same. A value that is right on average may be wrong in every voxel."
    )


def _notes(values: StudyValues) -> Iterator[str]:
    if values.without:
        yield f"No predictions are at hand of {', '.join(values.without)}."
    if values.left_out:
        yield f"{values.left_out} other methods are not shown."
