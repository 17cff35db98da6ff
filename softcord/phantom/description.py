"""The files that make a phantom dataset a BIDS dataset: descriptions, tables, sidecars."""

import json
from collections.abc import Iterable
from pathlib import Path

from softcord import __version__
from softcord.contrasts import CONTRASTS
from softcord.phantom.participant import csa_rows, draw_participant
from softcord.phantom.settings import GENERATOR_VERSION, PhantomSettings

SETTINGS_FILE = Path("code") / "phantom.json"
_BIDS_VERSION = "1.10.0"

# Nominal parameters of the protocol that the contrasts imitate (s, degrees). The signal is not simulated
# from them: it comes from a table of tissue intensities.
_SIDECARS: dict[str, dict[str, object]] = {
    "T1w": {"RepetitionTime": 2.0, "EchoTime": 0.0032, "InversionTime": 1.0, "FlipAngle": 9},
    "T2w": {"RepetitionTime": 1.5, "EchoTime": 0.12, "FlipAngle": 120},
    "T2star": {"RepetitionTime": 0.6, "EchoTime": 0.014, "FlipAngle": 30},
    "MTon": {"RepetitionTimeExcitation": 0.035, "EchoTime": 0.0035, "FlipAngle": 9, "MTState": True},
    "MToff": {"RepetitionTimeExcitation": 0.035, "EchoTime": 0.0035, "FlipAngle": 9, "MTState": False},
    "GREt1w": {"RepetitionTimeExcitation": 0.015, "EchoTime": 0.0035, "FlipAngle": 15, "MTState": False},
    "dwi": {"RepetitionTime": 0.62, "EchoTime": 0.06, "FlipAngle": 90},
    "UNIT1": {"RepetitionTimePreparation": 5.0},
    "EPI": {"RepetitionTime": 2.5, "EchoTime": 0.03, "FlipAngle": 75, "TaskName": "rest"},
    "FLAIR": {"RepetitionTime": 5.0, "EchoTime": 0.39, "InversionTime": 1.8, "FlipAngle": 120},
}

_README = """\
Synthetic MRI of an analytic {region} spine with known spinal cord cross-sectional area, made by softcord
in the layout of spine-generic/data-multi-subject. No human was scanned. Settings: code/phantom.json.

"""
_TRUTH = """\
The truth (derivatives/truth) is for evaluation only: the fraction of each voxel that the cord fills, and the
true area perpendicular to the cord's centreline, csa.tsv.
"""
_MASKS = """\
Hard masks (derivatives/labels) carry a contrast-dependent border bias and a smooth random error, on purpose.
"""

_PARTICIPANT_COLUMNS: dict[str, dict[str, object]] = {
    "sex": {"Description": "drawn at random; without effect", "Levels": {"F": "female", "M": "male"}},
    "age": {"Description": "drawn at random; without effect", "Units": "year"},
    "manufacturer": {"Description": "imitated vendor; sets the image's intensity scale only"},
    "institution_id": {"Description": "imitated site; sets the image's intensity scale only"},
    "pathology": {"Description": "HC: healthy"},
}


# What BIDS does not name (yet): voxel masks of an image by its own stem, disc labels, the truth.
_IGNORED = {
    "labels": ["*_label-SC_seg.nii.gz", "*_dlabel.nii.gz"],
    "truth": ["*_label-SC_truth.nii.gz", "*_label-tissue_dseg.nii.gz", "csa.tsv"],
}
_DERIVATIVE_README = {
    "labels": "Hard spinal cord masks with a known border bias, and disc labels: see ../../README.\n",
    "truth": "What is true of each phantom. For evaluation only: see ../../README.\n",
}


def write_description(settings: PhantomSettings, root: Path) -> None:
    """Write descriptions, participants.tsv, sidecars and the table of true CSA."""
    participants = [draw_participant(settings, n) for n in range(1, settings.n_participants + 1)]
    _write_dataset(root, f"Phantom {settings.region} spines ({settings.name})", "raw", _readme(settings))
    if "EPI" in settings.scans:
        # To BIDS an averaged series is no raw image.
        (root / ".bidsignore").write_text(f"*{CONTRASTS['EPI'].stem}.*\n")
    for name, readme in _DERIVATIVE_README.items():
        if name == "labels" and not settings.masks:
            continue
        folder = root / "derivatives" / name
        _write_dataset(folder, f"Phantom {name}", "derivative", readme)
        (folder / ".bidsignore").write_text("\n".join(_IGNORED[name]) + "\n")
    _write_sidecars(settings, root)
    rows = [[p.participant_id, *p.row.values()] for p in participants]
    _tsv(root / "participants.tsv", ["participant_id", *_PARTICIPANT_COLUMNS], rows)
    _json(root / "participants.json", _participant_columns(settings))
    csa = ((who, level, f"{mm2:.6f}") for p in participants for who, level, mm2 in csa_rows(p))
    _tsv(root / "derivatives" / "truth" / "csa.tsv", ["participant_id", "level", "csa_mm2"], csa)
    _json(root / SETTINGS_FILE, {"identity": settings.identity, "settings": settings.content})


def _readme(settings: PhantomSettings) -> str:
    title = f"Phantom {settings.region} spines"
    text = _README.format(region=settings.region) + (_MASKS if settings.masks else "") + _TRUTH
    return f"{title}\n{'=' * len(title)}\n\n{text}"


def _participant_columns(settings: PhantomSettings) -> dict[str, dict[str, object]]:
    if settings.pathology is None:
        return _PARTICIPANT_COLUMNS
    words = f"HC: healthy; {settings.pathology.name}: patient, with lesions or compression of the cord"
    return _PARTICIPANT_COLUMNS | {"pathology": {"Description": words}}


def _write_dataset(folder: Path, name: str, kind: str, readme: str) -> None:
    description = {
        "Name": name,
        "BIDSVersion": _BIDS_VERSION,
        "DatasetType": kind,
        "License": "CC0",
        "Authors": ["The softcord developers"],
        "GeneratedBy": [
            {"Name": "softcord.phantom", "Version": f"{__version__}, generator {GENERATOR_VERSION}"}
        ],
    }
    _json(folder / "dataset_description.json", description)
    (folder / "README").write_text(readme)


def _write_sidecars(settings: PhantomSettings, root: Path) -> None:
    for contrast in settings.scans:
        _json(root / f"{CONTRASTS[contrast].stem}.json", _SIDECARS[contrast])
    if "dwi" in settings.scans:
        # BIDS asks for a gradient table beside every dwi; an average over directions has no direction.
        stem = CONTRASTS["dwi"].stem
        (root / f"{stem}.bval").write_text("800\n")
        (root / f"{stem}.bvec").write_text("0\n0\n0\n")


def _json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n")


def _tsv(path: Path, header: list[str], rows: Iterable[Iterable[str]]) -> None:
    lines = ["\t".join(row) for row in [header, *rows]]
    path.write_text("\n".join(lines) + "\n")
