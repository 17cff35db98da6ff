"""`softcord measure`: cross-sectional area and shape of cord masks, in the words of SCT's users."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from softcord.app.console.exit_codes import DATA, DONE
from softcord.app.console.flags import FlagParser
from softcord.errors import UsageError

if TYPE_CHECKING:
    from softcord.measure.batch import Batch
    from softcord.measure.files import MaskFiles, MeasureSettings

_EXAMPLES = """\
examples:
  softcord measure -i t2_softseg.nii.gz -o csa.csv
  softcord measure -i t2_seg.nii.gz -vert 2:3 -discfile t2_discs.nii.gz -perlevel 1 -o csa.csv
  softcord measure -path-data derivatives/labels_softseg -vert 2:3 -jobs 4 -o csa.csv
  softcord measure -i t2_seg.nii.gz -mode sct -sct-csv csa_sct.csv

The table given to -o is tidy: one number a row, with how it was made and what was odd about it.
"""


def parser() -> FlagParser:
    """Return the parser of `softcord measure`."""
    words = FlagParser(
        "measure",
        "Measure cross-sectional area (CSA) and shape of spinal cord masks, soft and binarised.",
        _EXAMPLES,
    )
    _add_inputs(words)
    _add_choices(words)
    _add_outputs(words)
    return words


def _add_inputs(words: argparse.ArgumentParser) -> None:
    group = words.add_argument_group("what to measure")
    group.add_argument("-i", "--input", nargs="+", type=Path, metavar="FILE", help="cord masks, soft or hard")
    group.add_argument(
        "-path-data", type=Path, metavar="DIR", help="derivatives folder with sub-*: all its masks"
    )
    group.add_argument(
        "-suffix", metavar="END", help="end of the masks' names in -path-data, as _label-SC_softseg"
    )
    group.add_argument(
        "-path-label", type=Path, metavar="DIR", help="folder of the disc labels of -path-data"
    )
    group.add_argument("-discfile", nargs="+", type=Path, metavar="FILE", help="disc labels, one per mask")
    group.add_argument("-vertfile", nargs="+", type=Path, metavar="FILE", help="level images, one per mask")
    group.add_argument(
        "-d",
        "--reference",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="reference masks, one per mask: adds Dice, soft Dice, RVE, ASD and HD95",
    )


def _add_choices(words: argparse.ArgumentParser) -> None:
    group = words.add_argument_group("how")
    group.add_argument("-vert", metavar="LEVELS", help="vertebral levels to average over, as 2:3 or 2,5")
    group.add_argument("-z", metavar="SLICES", help="slices to use, as 5:23; 0 is the lowest")
    group.add_argument("-perlevel", type=int, choices=(0, 1), default=0, help="1: a row per level")
    group.add_argument("-perslice", type=int, choices=(0, 1), default=0, help="1: a row per slice")
    group.add_argument(
        "-angle-corr", type=int, choices=(0, 1), default=1, help="0: as the slices cut the cord"
    )
    group.add_argument(
        "-mode",
        choices=("soft", "bin", "sct"),
        help="soft: sum of partial volumes; bin: voxels above -thr; sct: SCT 7.3's definition "
        "(default: soft and bin side by side)",
    )
    group.add_argument(
        "-thr", type=float, default=0.5, metavar="T", help="threshold of bin, strictly above is cord"
    )
    group.add_argument(
        "-centerline-smooth",
        type=float,
        metavar="S",
        help="smoothing of the centreline: millimetres (default 8); with -mode sct SCT's number (default 30)",
    )


def _add_outputs(words: argparse.ArgumentParser) -> None:
    group = words.add_argument_group("where to")
    group.add_argument("-o", type=Path, default=Path("csa.csv"), metavar="FILE", help="tidy table (csa.csv)")
    group.add_argument("-sct-csv", type=Path, metavar="FILE", help="also a table with SCT's header, of -mode")
    group.add_argument("-append", type=int, choices=(0, 1), default=0, help="1: add to the tables' rows")
    group.add_argument("-method", default="n/a", metavar="NAME", help="what to write in the column method")
    group.add_argument("-jobs", type=int, default=1, metavar="N", help="processes")
    group.add_argument("-v", type=int, choices=(0, 1, 2), default=1, help="0: only errors")


def main(argv: list[str] | None = None) -> int:
    """Run `softcord measure`; return the exit code."""
    return parser().run(argv, _measure)


def _measure(arguments: argparse.Namespace) -> int:
    from softcord.app.console.progress import phase
    from softcord.measure.batch import forget, measure_files

    settings = _settings(arguments)
    files = _files(arguments, needs_levels=settings.levels is not None or settings.per_level)
    memory = arguments.o.parent / f".{arguments.o.name}.parts"
    with phase("measuring", len(files)) as on_done:
        batch = measure_files(files, settings, memory, jobs=arguments.jobs, on_done=on_done)
    for error in batch.errors:
        print(f"softcord: {error}", file=sys.stderr)
    if batch.measured:
        _write(arguments, batch)
    forget(memory)
    return DATA if batch.errors else DONE


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
        )
    except ValueError as error:
        field, _, what = str(error).partition(": ")
        raise UsageError({"threshold": "-thr", "smoothing": "-centerline-smooth"}[field], what) from error


def _files(arguments: argparse.Namespace, *, needs_levels: bool) -> "list[MaskFiles]":
    from softcord.measure.batch import find_masks
    from softcord.measure.files import MaskFiles

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
    from softcord.measure.sct_csv import write_sct_csv
    from softcord.measure.table import read_measures, write_measures
    from softcord.measure.tidy import tidy_measures

    append = bool(arguments.append)
    if arguments.sct_csv is not None:
        mode, version = arguments.mode or "soft", f"softcord {softcord.__version__}"
        write_sct_csv(arguments.sct_csv, batch.measured, mode, version, append=append)
    table = tidy_measures(batch.measured, arguments.method)
    odd = table[table["findings"] != ""]["filename"].nunique()
    if append and arguments.o.exists():
        table = pd.concat([read_measures(arguments.o), table], ignore_index=True)
    write_measures(arguments.o, table)
    if arguments.v:
        note = f"; {odd} with findings, see the column of that name" if odd else ""
        print(f"{arguments.o}: {len(batch.measured)} masks measured{note}")
