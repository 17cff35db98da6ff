"""Fit the sizes of cords and canals of real people: ``python -m softcord.synthetic.fit_sizes MORPHOMETRY``.

Writes ``sizes.csv``, which the generator draws from, and prints the spread's structure, which
``softcord/synthetic/sizes.py`` repeats. MORPHOMETRY is a folder with ``people.csv.gz``: one row per person
and vertebral level (dataset, structure, sex, level, diameter_ap_mm, diameter_rl_mm), reduced from the public
PAM50-normalized-metrics (MIT licence; Valošek, Bédard et al. 2024, doi 10.1162/imag_a_00075).
"""

import csv
import gzip
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from softcord.io.tables import write_table
from softcord.synthetic.sizes import LEVELS, MEASURES, SIZES

Float64 = npt.NDArray[np.float64]

# The last level used of each dataset of T2w images: fields of view of the neck cut what lies lower, and from
# T12 on some cords have ended, so that means are no longer those of cords.
_UNTIL = {
    ("spine-generic_multi-subject", "cord"): 10,
    ("spine-generic_multi-subject", "canal"): 11,
    ("whole-spine", "cord"): 18,
}
_FEWEST = 20  # people a level's figures rest on


def read_people(folder: Path) -> tuple[Float64, npt.NDArray[np.bool_]]:
    """Return logarithms of diameters (people, levels, measures), nan where unknown, and who is male."""
    people: dict[str, Float64] = {}
    is_male: dict[str, bool] = {}
    with gzip.open(folder / "people.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            level = int(row["level"])
            until = _UNTIL.get((row["dataset"], row["structure"]), 0)
            if row["sex"] not in ("F", "M") or level > until:
                continue
            person = f"{row['dataset']}/{row['participant_id']}"
            sizes = people.setdefault(person, np.full((len(LEVELS), len(MEASURES)), np.nan))
            is_male[person] = row["sex"] == "M"
            for axis in ("ap", "rl"):
                column = MEASURES.index(f"{row['structure']}_{axis}")
                sizes[level - 1, column] = np.log(float(row[f"diameter_{axis}_mm"]))
    return np.stack(list(people.values())), np.array([is_male[person] for person in people])


def summarise(logs: Float64, is_male: npt.NDArray[np.bool_]) -> tuple[Float64, Float64, Float64]:
    """Return means (sex, levels, measures), the spread within a sex (levels, measures) and z-scores."""
    means = np.stack([np.nanmean(logs[is_male == male], axis=0) for male in (False, True)])
    residuals = logs - means[is_male.astype(int)]
    spread = np.nanstd(residuals, axis=0)
    spread[np.isfinite(residuals).sum(axis=0) < _FEWEST] = np.nan
    return means, spread, residuals / spread


def correlation_of_measures(scores: Float64) -> Float64:
    """Return how the four diameters of one person at one level vary together, averaged over the levels."""
    flat = scores.reshape(-1, len(MEASURES))
    correlation: Float64 = np.asarray(np.corrcoef(flat[np.isfinite(flat).all(axis=1)].T))
    return correlation


def correlation_of_levels(scores: Float64) -> list[float]:
    """Return how one diameter of one person varies together at levels 0, 1, 2, … apart."""
    correlations = []
    for apart in range(max(_UNTIL.values()) - 2):
        products = scores[:, apart:] * scores[:, : scores.shape[1] - apart]
        correlations.append(float(np.nanmean(products)))
    return correlations


def main(folder: Path) -> None:
    """Fit, write the table beside this file and print the correlations."""
    means, spread, scores = summarise(*read_people(folder))
    names = ["level", *(f"{measure}_{kind}" for measure in MEASURES for kind in ("women", "men", "spread"))]
    rows = []
    for level, of_women, of_men, of_spread in zip(LEVELS, *means, spread, strict=True):
        cells = np.stack([np.exp(of_women), np.exp(of_men), of_spread], axis=1).ravel()
        rows.append([str(level), *("" if np.isnan(cell) else f"{cell:.4g}" for cell in cells)])
    write_table(SIZES, pd.DataFrame(rows, columns=names))
    np.set_printoptions(precision=2, suppress=True)
    sys.stdout.write(f"{', '.join(MEASURES)}:\n{correlation_of_measures(scores)}\n")
    apart = " ".join(f"{value:.2f}" for value in correlation_of_levels(scores))
    sys.stdout.write(f"levels 0, 1, 2 … apart: {apart}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
