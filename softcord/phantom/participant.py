"""Make one participant: draw the anatomy, scan it with every contrast, write images, masks and truth."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from softcord.contrasts import CONTRASTS
from softcord.io.nifti import from_rpi, write_volume
from softcord.phantom.acquire import acquire, acquire_uni
from softcord.phantom.anatomy import Anatomy, draw_anatomy
from softcord.phantom.pathology import HEALTHY, draw_pathology
from softcord.phantom.scan import (
    Scan,
    cord_samples,
    draw_scan,
    render,
    render_amplitude,
    tissue_map,
)
from softcord.phantom.segmenter import draw_border_offset, hard_mask
from softcord.phantom.settings import PhantomSettings, Region
from softcord.phantom.thoracolumbar import draw_thoracolumbar
from softcord.phantom.tissues import AMPLITUDE, Tissue, draw_signal

REFERENCE = "T2w"  # the contrast that carries the tissue map and whose disc labels are drawn, not warped
_DRAWN_DISCS = ("T1w", "T2w")
_REGIONS: dict[Region, Callable[[np.random.Generator, float, float], Anatomy]] = {
    "cervical": draw_anatomy,
    "thoracolumbar": draw_thoracolumbar,
}
_INTENSITY = 350.0
_UNI_RANGE = 4095  # MP2RAGE UNI images fill it, whatever the scanner
_PATHOLOGY_STREAM = 1000  # beyond the streams of the contrasts


@dataclass(frozen=True)
class Participant:
    """Who a participant is: number (from 1), identifier, row of participants.tsv, anatomy."""

    number: int
    participant_id: str
    row: dict[str, str]
    anatomy: Anatomy


# Institution, vendor, intensity scale: participants go round the sites.
_SITES = (
    ("phantomA", "Siemens", 1.0),
    ("phantomB", "Siemens", 0.8),
    ("phantomC", "Philips", 1.6),
    ("phantomD", "GE", 2.4),
)


def draw_participant(settings: PhantomSettings, number: int) -> Participant:
    """Draw participant ``number`` (from 1): the same for a seed, whoever else is drawn and in what order."""
    rng = _generator(settings, number, 0)
    site, manufacturer, _ = _site(number)
    row = {
        "sex": str(rng.choice(["F", "M"])),
        "age": str(int(rng.integers(20, 61))),
        "manufacturer": manufacturer,
        "institution_id": site,
        "pathology": "HC",
    }
    draw = _REGIONS[settings.region]
    anatomy = draw(rng, settings.csa_mean_mm2, settings.csa_sd_mm2)
    if settings.pathology is not None:
        own = _generator(settings, number, _PATHOLOGY_STREAM)
        pathology = draw_pathology(own, settings.pathology, anatomy.PATHOLOGY_SPAN_MM)
        anatomy = replace(anatomy, pathology=pathology)
        row["pathology"] = "HC" if pathology == HEALTHY else settings.pathology.name
    width = max(3, len(str(settings.n_participants)))
    return Participant(number, f"sub-{number:0{width}d}", row, anatomy)


@dataclass(frozen=True)
class Imaged:
    """One participant seen with one contrast; all arrays in RPI order.

    ``image`` is what the scanner stores, ``seg`` the segmenter's hard mask, ``truth_softseg`` the fraction
    of each voxel that the cord fills, ``discs`` the single-voxel disc labels.
    """

    scan: Scan
    image: npt.NDArray[np.int16]
    seg: npt.NDArray[np.uint8]
    truth_softseg: npt.NDArray[np.float32]
    discs: npt.NDArray[np.uint8]


def image_participant(settings: PhantomSettings, who: Participant, contrast: str) -> Imaged:
    """Scan and segment one participant with one contrast."""
    rng = _generator(settings, who.number, 1 + list(settings.scans).index(contrast))
    scan = draw_scan(rng, contrast, settings.scans[contrast], settings.motion_mm, settings.motion_deg)
    bias_mm = settings.boundary_bias_mm[contrast]
    border = draw_border_offset(rng, bias_mm, settings.boundary_bias_sd_mm, settings.boundary_error_sd_mm)
    samples = cord_samples(scan, who.anatomy, border.reach_mm)
    truth_softseg = samples.partial_volume()
    signal = draw_signal(rng, contrast, settings.signal_sd)
    image = render(rng, scan, who.anatomy, truth_softseg, signal)
    if contrast in AMPLITUDE:
        image = acquire_uni(
            rng, image, scan.settings.noise, render_amplitude(scan, who.anatomy, truth_softseg)
        )
        gain = float(_UNI_RANGE)
    else:
        image = acquire(rng, image, settings.bias_field, scan.settings.noise * signal[Tissue.WHITE_MATTER])
        gain = _INTENSITY * _site(who.number)[2] * float(np.exp(0.2 * rng.standard_normal()))
    stored = np.rint(np.clip(gain * image, 0, np.iinfo(np.int16).max)).astype(np.int16)
    return Imaged(scan, stored, hard_mask(samples, border), truth_softseg, disc_labels(scan, who.anatomy))


def write_participant(settings: PhantomSettings, number: int, root: Path) -> None:
    """Write every file of one participant under ``root``."""
    who = draw_participant(settings, number)
    for contrast in settings.scans:
        imaged = image_participant(settings, who, contrast)
        stem = image_path(who.participant_id, contrast)
        labels, truth = root / "derivatives" / "labels" / stem, root / "derivatives" / "truth" / stem
        discs = "label-discs_dlabel" if contrast in _DRAWN_DISCS else "label-discs_desc-warp_dlabel"
        _write(root / f"{stem}.nii.gz", imaged.image, imaged.scan)
        if settings.masks:
            _write(_named(labels, "label-SC_seg"), imaged.seg, imaged.scan)
            _write(_named(labels, discs), imaged.discs, imaged.scan)
        _write(_named(truth, "label-SC_truth"), imaged.truth_softseg, imaged.scan)
        if contrast == REFERENCE and settings.tissue_map:
            tissues = tissue_map(imaged.scan, who.anatomy, imaged.truth_softseg)
            _write(_named(truth, "label-tissue_dseg"), tissues, imaged.scan)


def csa_rows(participant: Participant) -> Iterator[tuple[str, str, float]]:
    """Yield (participant_id, level, true CSA in mm²) for each level, then two together, C2-C3 as ``2:3``."""
    anatomy = participant.anatomy
    for level in anatomy.LEVELS:
        yield participant.participant_id, str(level), anatomy.level_csa_mm2(level, level + 1)
    top, bottom = anatomy.REFERENCE_DISCS
    yield participant.participant_id, f"{top}:{bottom - 1}", anatomy.level_csa_mm2(top, bottom)


def image_path(participant_id: str, contrast: str) -> Path:
    """Path of an image below the dataset's root, without its ending."""
    names = CONTRASTS[contrast]
    return Path(participant_id) / names.datatype / f"{participant_id}_{names.stem}"


def disc_labels(scan: Scan, anatomy: Anatomy) -> npt.NDArray[np.uint8]:
    """Return a volume (RPI) with one voxel per disc in view: n at the posterior tip above vertebra n."""
    volume = np.zeros(scan.settings.matrix, np.uint8)
    for label in anatomy.disc_s_mm:
        voxel = scan.index_of(anatomy.disc_tip_mm(label))
        if voxel is not None:
            volume[voxel] = label
    return volume


def _named(stem: Path, ending: str) -> Path:
    return stem.with_name(f"{stem.name}_{ending}.nii.gz")


def _write(path: Path, data_rpi: npt.NDArray[Any], scan: Scan) -> None:
    affine = scan.affine_native
    write_volume(path, from_rpi(data_rpi, affine), affine)


def _site(number: int) -> tuple[str, str, float]:
    return _SITES[(number - 1) % len(_SITES)]


def _generator(settings: PhantomSettings, number: int, stream: int) -> np.random.Generator:
    # One independent stream per participant and contrast: the bytes do not depend on the number of processes.
    return np.random.default_rng(np.random.SeedSequence(settings.seed, spawn_key=(number, stream)))
