"""The flags of ``softcord measure``, in the words of SCT's users."""

import argparse
from pathlib import Path

from softcord.app.console.flags import FlagParser

_EXAMPLES = """\
softcord measure -i t2_softseg.nii.gz -vert 2:3 -discfile t2_discs.nii.gz -perlevel 1 -o csa.csv
softcord measure -path-data derivatives/labels_softseg -vert 2:3 -jobs 4 -o csa.csv
softcord measure -i t2_seg.nii.gz -mode sct -sct-csv csa_sct.csv

The table given to -o is tidy: one number a row, with how it was made and what was odd about it.
"""
_USUAL = (
    *("-i", "-path-data", "-discfile", "-d"),
    *("-vert", "-perlevel", "-perslice", "-mode"),
    *("-o", "-sct-csv", "-jobs"),
)


def parser() -> FlagParser:
    """Return the parser of `softcord measure`."""
    words = FlagParser(
        "measure",
        "Measure cross-sectional area (CSA) and shape of spinal cord masks, soft and binarised.",
        _EXAMPLES,
        _USUAL,
    )
    _add_inputs(words)
    _add_choices(words)
    _add_norms(words)
    _add_intervals(words)
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
    group.add_argument(
        "-volume", type=int, metavar="N", help="which volume of a 4-D series is the mask; 0 is the first"
    )
    group.add_argument("-perlevel", type=int, choices=(0, 1), default=0, help="1: a row per level")
    group.add_argument("-perslice", type=int, choices=(0, 1), default=0, help="1: a row per slice")
    group.add_argument(
        "-normalize",
        action="store_true",
        help="with -perslice 1: on the slices of the PAM50 template, whole levels only",
    )
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
        "-tails",
        type=int,
        choices=(0, 1),
        default=0,
        help="1: faint values far from the cord count too (SCT's definition always counts them)",
    )
    group.add_argument(
        "-centerline-smooth",
        type=float,
        metavar="S",
        help="smoothing of the centreline: millimetres (default 8); with -mode sct SCT's number (default 30)",
    )


def _add_norms(words: argparse.ArgumentParser) -> None:
    group = words.add_argument_group(
        "among healthy people (docs/measure.md says what this must not be used for)"
    )
    group.add_argument(
        "-norm", choices=("t1w", "t2w"), help="adds z-scores and centiles by level, sex and age; per level"
    )
    group.add_argument("-sex", choices=("F", "M"), help="of all masks (default: from participants.tsv)")
    group.add_argument("-age", type=float, metavar="YEARS", help="of all masks, at the scan")
    group.add_argument("-norm-svg", type=Path, metavar="FILE", help="the one mask against the curves")


def _add_intervals(words: argparse.ArgumentParser) -> None:
    group = words.add_argument_group(
        "how sure (of masks beside which `softcord predict -uncertainty` left a map)"
    )
    group.add_argument(
        "-calibration",
        type=Path,
        metavar="FILE",
        help="how the maps become intervals of CSA (default: that of the built-in model, for its masks)",
    )
    group.add_argument(
        "-calibrate",
        type=Path,
        metavar="FILE",
        help="write a calibration, from masks with references (-d) of at least 9 participants",
    )


def _add_outputs(words: argparse.ArgumentParser) -> None:
    group = words.add_argument_group("where to")
    group.add_argument(
        "-o",
        type=Path,
        metavar="FILE",
        help="tidy table (default csa.csv, where no other output is named); - is standard output",
    )
    group.add_argument("-sct-csv", type=Path, metavar="FILE", help="a table with SCT's header, of -mode")
    group.add_argument(
        "-overwrite", "--overwrite", action="store_true", help="replace a file that is no table of softcord's"
    )
    group.add_argument(
        "-thr-curve",
        type=Path,
        metavar="FILE",
        help="also CSA at thresholds from 0.05 to 0.95 as CSV, and a figure (.svg) beside it",
    )
    group.add_argument("-append", type=int, choices=(0, 1), default=0, help="1: add to the tables' rows")
    group.add_argument("-method", default="n/a", metavar="NAME", help="what to write in the column method")
    group.add_argument("-jobs", type=int, default=1, metavar="N", help="processes")
    group.add_argument("-v", type=int, choices=(0, 1, 2), default=1, help="0: only errors")
