"""The files that make a phantom dataset a BIDS dataset: descriptions, tables, sidecars."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from softcord import __version__
from softcord.contrasts import CONTRASTS
from softcord.phantom.participant import csa_rows, draw_participant
from softcord.phantom.settings import GENERATOR_VERSION, PhantomSettings

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
}

_README = """Phantom cervical spines
=======================

Synthetic MRI of an analytic cervical spine with known spinal cord cross-sectional area, made by softcord
in the layout of spine-generic/data-multi-subject. No human was scanned. Settings: code/phantom.json.

Hard masks (derivatives/labels) carry a contrast-dependent border bias and a smooth random error, on purpose.
The truth (derivatives/truth) is for evaluation only: the fraction of each voxel that the cord fills, and the
true area perpendicular to the cord's centreline, csa.tsv.
"""

_PARTICIPANT_COLUMNS = {
    "sex": {"Description": "drawn at random; without effect", "Levels": {"F": "female", "M": "male"}},
    "age": {"Description": "drawn at random; without effect", "Units": "year"},
    "manufacturer": {"Description": "imitated vendor; sets the image's intensity scale only"},
    "institution_id": {"Description": "imitated site; sets the image's intensity scale only"},
    "pathology": {"Description": "HC: healthy"},
}


def write_description(settings: PhantomSettings, root: Path) -> None:
    """Write descriptions, participants.tsv, sidecars and the table of true CSA; the settings come last."""
    participants = [draw_participant(settings, n) for n in range(1, settings.n_participants + 1)]
    generated_by = [{"Name": "softcord.phantom", "Version": f"{__version__}, generator {GENERATOR_VERSION}"}]
    common = {"BIDSVersion": _BIDS_VERSION, "License": "CC0", "Authors": ["The softcord developers"]}
    raw = {"Name": f"Phantom cervical spines ({settings.name})", "DatasetType": "raw", **common}
    _json(root / "dataset_description.json", raw | {"GeneratedBy": generated_by})
    (root / "README").write_text(_README)
    (root / ".bidsignore").write_text("")
    rows = [[p.participant_id, *p.row.values()] for p in participants]
    _tsv(root / "participants.tsv", ["participant_id", *_PARTICIPANT_COLUMNS], rows)
    _json(root / "participants.json", _PARTICIPANT_COLUMNS)
    for contrast in settings.scans:
        _json(root / f"{CONTRASTS[contrast].stem}.json", _SIDECARS[contrast] | {"GeneratedBy": generated_by})
    for name in ("labels", "truth"):
        derivative = {"Name": f"Phantom {name}", "DatasetType": "derivative", **common}
        _json(
            root / "derivatives" / name / "dataset_description.json",
            derivative | {"GeneratedBy": generated_by},
        )
    csa = ((who, level, f"{mm2:.6f}") for p in participants for who, level, mm2 in csa_rows(p))
    _tsv(root / "derivatives" / "truth" / "csa.tsv", ["participant_id", "level", "csa_mm2"], csa)
    _json(root / "code" / "phantom.json", {"identity": settings.identity, "settings": asdict(settings)})


def _write_gradients(settings: PhantomSettings, root: Path) -> None:
    # BIDS asks for a gradient table beside every dwi. This one is an average over directions, so it has none.
    if "dwi" in settings.scans:
        stem = CONTRASTS["dwi"].stem
        (root / f"{stem}.bval").write_text("800\n")
        (root / f"{stem}.bvec").write_text("0\n0\n0\n")


def _json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n")


def _tsv(path: Path, header: list[str], rows: Iterable[Iterable[str]]) -> None:
    lines = ["\t".join(row) for row in [header, *rows]]
    path.write_text("\n".join(lines) + "\n")
