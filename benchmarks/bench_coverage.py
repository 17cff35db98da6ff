"""How often do intervals of CSA hold the truth? Of people whom nothing was calibrated on.

    python benchmarks/bench_coverage.py [--people 24] [--seed 4242]      # the built-in model's
    python benchmarks/bench_coverage.py --run outputs/STUDY/RUN          # of a run with uncertainty=true

The built-in model predicts demo's phantom drawn by another seed than its calibration's, from file to file as
`softcord predict -uncertainty` and `softcord measure -perlevel 1` do; the truth is the area of the share of
cord in each voxel. A run's test participants are held against its reference. Participants are the unit. One
thread.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import torch

import softcord
from softcord.io.nifti import write_volume
from softcord.measure.files import MaskFiles, MeasureSettings, measure_file
from softcord.phantom.settings import PhantomSettings
from softcord.predict.built_in import BUILT_IN, CSA_INTERVAL
from softcord.predict.files import Task, predict_file
from softcord.predict.package import read_package
from softcord.predict.volume import PredictSettings
from softcord.uncertainty.coverage import coverage, held_references
from softcord.uncertainty.interval import read_calibration
from softcord.uncertainty.paths import uncertainty_path

LEVELS = (1, 2, 3, 4)


def areas(mask: Path, discs: Path, sd: Path | None = None) -> pd.DataFrame:
    """Return the soft area and its doubt at each level."""
    files = MaskFiles(mask, discs, uncertainty=sd)
    measured = measure_file(files, MeasureSettings(modes=("soft",), levels=LEVELS, per_level=True)).groups
    return measured.set_index("level")[["area_mm2", "area_doubt_mm2"]]


def of_built_in(people: int, seed: int) -> pd.DataFrame:
    """Return the areas of drawn people: participant_id, contrast, level, inside, half_width_mm2."""
    calibration, settings = read_calibration(CSA_INTERVAL), PhantomSettings(seed=seed)
    model = read_package(BUILT_IN)
    task = Task(model, {}, PredictSettings(only_a_cord=True), overwrite=True, how_sure=True)
    rows = []
    for number in range(1, people + 1):
        drawn = softcord.phantom_participant(number, settings=settings)
        with tempfile.TemporaryDirectory() as place:
            image, mask, truth, discs = (Path(place) / f"{name}.nii.gz" for name in "imtd")
            for contrast, volume in drawn.images.items():
                write_volume(image, volume.data, volume.affine)
                true = drawn.truth_softsegs[contrast]
                write_volume(truth, true.data, true.affine)
                write_volume(discs, drawn.discs[contrast].data, drawn.discs[contrast].affine)
                predict_file(image, mask, task)
                both = areas(mask, discs, uncertainty_path(mask)).join(
                    areas(truth, discs).add_suffix("_true")
                )
                for level, row in both.dropna(subset=["area_mm2", "area_mm2_true"]).iterrows():
                    half_mm2 = calibration.half_width_mm2(row["area_doubt_mm2"])
                    error_mm2 = row["area_mm2"] - row["area_mm2_true"]
                    rows.append((drawn.participant_id, contrast, f"C{level}", error_mm2, half_mm2))
    table = pd.DataFrame(rows, columns=["participant_id", "contrast", "level", "error_mm2", "half_width_mm2"])
    return table.assign(inside=table["error_mm2"].abs() <= table["half_width_mm2"])


def show(table: pd.DataFrame) -> None:
    """Print the coverage over all, by level and by contrast."""
    parts = [("all", table)]
    parts += [(str(key), part) for by in ("level", "contrast") for key, part in table.groupby(by)]
    for name, part in parts:
        low, middle, high = np.percentile(part["half_width_mm2"], [10, 50, 90])
        held = coverage(part["inside"], part["participant_id"])
        print(f"{name:<8} {held}; half width {middle:.1f} mm² ({low:.1f} to {high:.1f})")


def main() -> None:
    """Run the benchmark."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--people", type=int, default=24)
    words.add_argument("--seed", type=int, default=4242)
    words.add_argument("--run", type=Path)
    asked = words.parse_args()
    torch.set_num_threads(1)
    if asked.run is None:
        show(of_built_in(asked.people, asked.seed))
        return
    measures = pd.read_csv(asked.run / "measures.csv")
    show(held_references(measures[~measures["method"].str.startswith("GT_")]))


if __name__ == "__main__":
    main()
