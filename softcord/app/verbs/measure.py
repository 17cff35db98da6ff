"""`softcord measure`: cross-sectional area and shape of cord masks, in the words of SCT's users."""

import argparse
import csv
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from softcord.app.console.exit_codes import DATA, DONE
from softcord.app.console.measure_flags import parser
from softcord.app.console.remedies import with_keys
from softcord.app.console.streams import say, show
from softcord.app.console.viewer import show_viewer
from softcord.app.results.csa_interval import with_intervals
from softcord.errors import UsageError
from softcord.hints import counted

if TYPE_CHECKING:
    from pandas import DataFrame

    from softcord.measure.batch import Batch
    from softcord.measure.files import MaskFiles, MeasureSettings

_WORDS = {"threshold": "-thr", "smoothing": "-centerline-smooth", "volume": "-volume"}
_STDOUT = Path("-")
_DEFAULT = Path("csa.csv")  # where no output is named


def main(argv: list[str] | None = None) -> int:
    """Run `softcord measure`; return the exit code."""
    return parser().run(argv, _measure)


def _measure(arguments: argparse.Namespace) -> int:
    from softcord.app.console.progress import phase
    from softcord.measure.batch import forget, measure_files

    if arguments.o is None and arguments.sct_csv is None:
        arguments.o = _DEFAULT
    _check_norms(arguments)
    if arguments.calibrate is not None and arguments.reference is None:
        raise UsageError("-calibrate", "needs the truth of every mask", "Give references with -d")
    settings = _settings(arguments)
    if arguments.normalize and not settings.per_slice:
        raise UsageError("-normalize", "needs values per slice", "Add -perslice 1")
    needs_levels = settings.levels is not None or settings.per_level or arguments.normalize
    files = _files(arguments, needs_levels=needs_levels)
    _check_outputs(arguments, files)
    to_stdout = arguments.o == _STDOUT
    output = arguments.o or arguments.sct_csv
    memory = output.parent / f".{'softcord-measure' if to_stdout else output.name}.parts"
    with phase("measuring", len(files)) as on_done:
        batch = measure_files(files, settings, memory, jobs=arguments.jobs, on_done=on_done)
    if arguments.normalize:
        batch = _normalized(batch)
    for error in batch.errors:
        say(f"softcord: {with_keys(error)}")
    for note in dict.fromkeys(note for one in batch.measured for note in one.notes):
        say(f"softcord: {note}.")
    if batch.measured:
        _write(arguments, batch)
        if arguments.calibrate is not None:
            _calibrate(arguments, batch, settings)
        if arguments.thr_curve is not None:
            _write_curves(arguments, batch, settings)
        _show_first(arguments, batch)
    forget(memory)
    return DATA if batch.errors else DONE


def _show_first(arguments: argparse.Namespace, batch: "Batch") -> None:
    """Show how to look at the first mask, where its image can be found; never among a table on stdout."""
    from softcord.measure.image_of_mask import image_of_mask

    if not arguments.v or arguments.o == _STDOUT:
        return
    mask = batch.measured[0].files.mask
    image = image_of_mask(mask)
    if image is not None:
        show_viewer(image, mask)


def _check_outputs(arguments: argparse.Namespace, files: "list[MaskFiles]") -> None:
    """Refuse outputs that would cost something, before anything is measured."""
    from softcord.app.console.outputs import check_output
    from softcord.measure.sct_csv import SCT_HEADER
    from softcord.measure.table import MEASURE_COLUMNS

    inputs = [path for one in files for path in (one.mask, one.discs, one.levels, one.reference) if path]
    if arguments.o is None:
        if arguments.norm is not None:
            raise UsageError("-norm", "adds to the tidy table", "Name it with -o")
    elif arguments.o != _STDOUT:
        is_ours = partial(_has_columns, MEASURE_COLUMNS)
        check_output("-o", arguments.o, inputs, is_ours, overwrite=_may_replace(arguments))
    elif arguments.append:
        raise UsageError("-append", "has nothing to add to on standard output", "Name a file with -o")
    if arguments.sct_csv is not None:
        is_ours = partial(_begins_with, SCT_HEADER)
        also = [*inputs, *([arguments.o] if arguments.o else [])]
        check_output("-sct-csv", arguments.sct_csv, also, is_ours, overwrite=_may_replace(arguments))
    if arguments.thr_curve is not None:
        is_ours = partial(_begins_with, ("threshold",))
        check_output("-thr-curve", arguments.thr_curve, inputs, is_ours, overwrite=arguments.overwrite)
    if arguments.norm_svg is not None:
        is_ours = partial(_begins_with, ('<?xml version="1.0" encoding="utf-8" standalone="no"?>\n',))
        check_output("-norm-svg", arguments.norm_svg, inputs, is_ours, overwrite=arguments.overwrite)


def _may_replace(arguments: argparse.Namespace) -> bool:
    # What rows are added to is a table of softcord's, or is left alone.
    return bool(arguments.overwrite and not arguments.append)


def _begins_with(header: Sequence[str], path: Path) -> bool:
    """Whether a file is a table that begins with these columns; an empty file holds nothing to lose."""
    found = _columns(path)
    return found is None or found[: len(header)] == list(header)


def _has_columns(names: Sequence[str], path: Path) -> bool:
    """Whether a file is a table with these columns, in any order, or is empty."""
    found = _columns(path)
    return found is None or set(names) <= set(found)


def _columns(path: Path) -> list[str] | None:
    """Return the columns of a CSV; None of an empty file."""
    with path.open("rb") as stream:
        first = stream.readline(10_000).decode("utf-8", "replace")
    return next(csv.reader([first]), []) if first else None


def _settings(arguments: argparse.Namespace) -> "MeasureSettings":
    from softcord.measure.files import MeasureSettings
    from softcord.measure.level_text import parse_numbers

    if arguments.jobs < 1:
        raise UsageError("-jobs", f"must be at least 1, got {arguments.jobs}")
    try:
        return MeasureSettings(
            modes=(arguments.mode,) if arguments.mode else ("soft", "bin"),
            levels=parse_numbers(arguments.vert, "-vert") if arguments.vert is not None else None,
            slices=parse_numbers(arguments.z, "-z") if arguments.z is not None else None,
            per_level=bool(arguments.perlevel),
            per_slice=bool(arguments.perslice),
            threshold=arguments.thr,
            smoothing=arguments.centerline_smooth,
            angle_correction=bool(arguments.angle_corr),
            volume=arguments.volume,
            tails=bool(arguments.tails),
        )
    except ValueError as error:
        field, _, what = str(error).partition(": ")
        raise UsageError(_WORDS[field], what) from error


def _files(arguments: argparse.Namespace, *, needs_levels: bool) -> "list[MaskFiles]":
    from softcord.measure.batch import find_masks
    from softcord.measure.files import MaskFiles
    from softcord.uncertainty.measured import with_uncertainty

    if (arguments.input is None) == (arguments.path_data is None):
        raise UsageError(
            "softcord measure", "needs either -i or -path-data", "softcord measure -h shows both"
        )
    _refuse_together(arguments)
    if arguments.path_data is not None:
        files = find_masks(arguments.path_data, arguments.path_label, arguments.suffix)
    else:
        masks = arguments.input
        labels = [
            _one_per_mask(getattr(arguments, name), word, len(masks))
            for name, word in (("discfile", "-discfile"), ("vertfile", "-vertfile"), ("reference", "-d"))
        ]
        files = [MaskFiles(*row) for row in zip(masks, *labels, strict=True)]
    files = with_uncertainty(files)
    if needs_levels and not any(file.discs or file.levels for file in files):
        raise UsageError(
            "-vert, -perlevel", "need levels", "Give disc labels (-discfile) or levels (-vertfile)"
        )
    return files


def _refuse_together(arguments: argparse.Namespace) -> None:
    """Say which word would have no effect: nothing that is asked for is left out in silence."""
    pairs = (
        ("input", "-i", (("suffix", "-suffix"), ("path_label", "-path-label"))),
        (
            "path_data",
            "-path-data",
            (("discfile", "-discfile"), ("vertfile", "-vertfile"), ("reference", "-d")),
        ),
        ("discfile", "-discfile", (("vertfile", "-vertfile"),)),
    )
    for name, word, others in pairs:
        for other, useless in others:
            if getattr(arguments, name) is not None and getattr(arguments, other) is not None:
                raise UsageError(useless, f"does not go with {word}", "softcord measure -h says which does")


def _one_per_mask(paths: list[Path] | None, word: str, masks: int) -> list[Path | None]:
    if paths is None:
        return [None] * masks
    if len(paths) != masks:
        raise UsageError(
            word, f"has {len(paths)} files for {masks} masks", "Give one per mask, in their order"
        )
    return list(paths)


def _write(arguments: argparse.Namespace, batch: "Batch") -> None:
    import pandas as pd

    import softcord
    from softcord.io.tables import print_csv
    from softcord.measure.sct_csv import write_sct_csv
    from softcord.measure.table import read_measures
    from softcord.measure.tidy import tidy_measures, write_tidy

    append = bool(arguments.append)
    if arguments.sct_csv is not None:
        mode, version = arguments.mode or "soft", f"softcord {softcord.__version__}"
        write_sct_csv(arguments.sct_csv, batch.measured, mode, version, append=append)
    if arguments.o is None:
        if arguments.v:
            show(f"{arguments.sct_csv}: {counted(len(batch.measured), 'mask')} measured")
        return
    table = with_intervals(
        tidy_measures(batch.measured, arguments.method), batch.measured, arguments.calibration
    )
    if arguments.norm is not None:
        table = _with_norms(arguments, batch, table)
    odd = table[table["findings"] != ""]["filename"].nunique()
    if arguments.o == _STDOUT:
        print_csv(table, sys.stdout)
        return
    if append and arguments.o.exists() and arguments.o.stat().st_size:
        table = pd.concat([read_measures(arguments.o), table], ignore_index=True)
    write_tidy(arguments.o, table)
    if arguments.v:
        note = f"; {odd} with findings, see the column of that name" if odd else ""
        show(f"{arguments.o}: {counted(len(batch.measured), 'mask')} measured{note}")


def _calibrate(arguments: argparse.Namespace, batch: "Batch", settings: "MeasureSettings") -> None:
    from dataclasses import replace

    from softcord.measure.files import measure_file
    from softcord.uncertainty.interval import write_calibration
    from softcord.uncertainty.measured import calibrate_on

    references = [
        measure_file(replace(one.files, mask=one.files.reference, reference=None, uncertainty=None), settings)
        for one in batch.measured
        if one.files.reference is not None
    ]
    made_on = f"{len(batch.measured)} masks with references"
    made = calibrate_on(batch.measured, references, made_on=made_on, unusable=len(batch.errors))
    write_calibration(arguments.calibrate, made)
    if arguments.v:
        show(
            f"{arguments.calibrate}: {made.coverage:.0%} of {made.areas} areas of {made.participants} "
            f"participants lie within {made.factor:.2f} x (doubt + {made.floor_mm2:.2f} mm²)"
        )
        if made.without_area:
            masks = counted(made.without_area, "mask")
            show(f"{masks} had no area where the reference has one: no interval speaks of such")


def _with_norms(arguments: argparse.Namespace, batch: "Batch", table: "DataFrame") -> "DataFrame":
    from softcord.measure.norms.compare import Person
    from softcord.measure.norms.figure import write_norm_svg
    from softcord.measure.norms.rows import find_person, with_norms

    asked = None if arguments.age is None else Person(arguments.sex, arguments.age)
    table, without = with_norms(
        table, batch.measured, arguments.norm, find_person if asked is None else lambda mask: asked
    )
    for line in without:
        say(f"softcord: {line}")
    if arguments.norm_svg is not None and not without:
        first = batch.measured[0]
        person = asked or find_person(first.files.mask)
        groups = first.groups[first.groups["mode"] == first.groups["mode"].iloc[0]]
        areas_mm2 = {
            int(row["level"]): float(row["area_mm2"])
            for row in groups.to_dict("records")
            if str(row["level"]).isdigit() and row["area_mm2"] == row["area_mm2"]
        }
        if person is not None:
            write_norm_svg(arguments.norm_svg, arguments.norm, person, areas_mm2)
    return table


def _check_norms(arguments: argparse.Namespace) -> None:
    if arguments.norm is None:
        if any(getattr(arguments, name) is not None for name in ("sex", "age", "norm_svg")):
            raise UsageError("-sex, -age, -norm-svg", "go with -norm", "Name a set with -norm")
        return
    if not arguments.perlevel or arguments.perslice:
        raise UsageError("-norm", "compares levels", "Add -perlevel 1, without -perslice")
    if (arguments.sex is None) != (arguments.age is None):
        raise UsageError("-sex, -age", "go together", "Give both, or neither: participants.tsv is read then")
    if arguments.norm_svg is not None and (arguments.input is None or len(arguments.input) != 1):
        raise UsageError("-norm-svg", "draws one mask", "Give one mask with -i")


def _write_curves(arguments: argparse.Namespace, batch: "Batch", settings: "MeasureSettings") -> None:
    from softcord.measure.threshold_files import best_threshold, threshold_curves, write_curves

    curves = threshold_curves([file.files for file in batch.measured], settings)
    write_curves(arguments.thr_curve, curves)
    best = best_threshold(curves)
    if arguments.v and best is not None:
        show(
            f"{arguments.thr_curve}: contrasts agree best at {best.threshold:g} (95 %: {best.low:g} to "
            f"{best.high:g}, {best.participants} participants)"
        )


def _normalized(batch: "Batch") -> "Batch":
    from dataclasses import replace

    from softcord.measure.normalize import normalized

    measured = [normalized(file) for file in batch.measured]
    without = [f"{file.files.mask}: no whole level to normalize" for file in measured if file.groups.empty]
    return replace(
        batch, measured=[file for file in measured if len(file.groups)], errors=[*batch.errors, *without]
    )
