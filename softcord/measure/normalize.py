"""Values along the cord on the slices of the PAM50 template, so that people can be averaged and compared.

The slices of each vertebral level are those of the public table of normal values (PAM50-normalized-metrics;
Valošek, Bédard et al. 2024, doi 10.1162/imag_a_00075): a level's values are interpolated linearly, its first
slice becoming the template's first of that level, its last the last.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from softcord.measure.files import AVERAGED, FileMeasures

# First and last slice of the template at each level, 0.5 mm each, inferior to superior.
PAM50_SLICES: dict[int, tuple[int, int]] = {
    1: (939, 984), 2: (908, 938), 3: (871, 907), 4: (834, 870), 5: (801, 833), 6: (770, 800), 7: (736, 769),
    8: (693, 735), 9: (647, 692), 10: (601, 646), 11: (552, 600), 12: (501, 551), 13: (450, 500),
    14: (397, 449), 15: (343, 396), 16: (290, 342), 17: (232, 289), 18: (169, 231), 19: (106, 168),
    20: (40, 105),
}  # fmt: skip


def normalized(file: FileMeasures) -> FileMeasures:
    """Return a mask's measures per slice on the template's slices.

    Only levels with a level on both sides are complete for sure; those at the mask's ends are left out, since
    a part of a level stretched over all of it would be another place. Levels of one slice have one value.

    Args:
        file: measured per slice, with levels.
    """
    tables = []
    for _, groups in file.groups.groupby("mode", sort=False):
        levels = pd.to_numeric(groups["level"], errors="coerce")
        present = set(levels.dropna().astype(int))
        whole = sorted({n for n in present & set(PAM50_SLICES) if {n - 1, n + 1} <= present}, reverse=True)
        tables += [_level(groups[levels == level], level) for level in whole]
    empty = file.groups.iloc[:0]
    return replace(file, groups=pd.concat(tables, ignore_index=True) if tables else empty)


def _level(groups: pd.DataFrame, level: int) -> pd.DataFrame:
    first, last = PAM50_SLICES[level]
    own = groups.assign(order=groups["slice"].astype(int)).sort_values("order")
    own = own[own["area_mm2"].notna()]
    places = np.linspace(0, last - first, len(own)) if len(own) > 1 else np.zeros(len(own))
    at = np.arange(last - first + 1)
    rows = pd.DataFrame({"slice": (first + at).astype(str), "level": str(level)})
    for name in groups.columns:
        if name in AVERAGED:
            rows[name] = np.interp(at, places, own[name]) if len(own) else np.nan
        elif name.endswith("_sd"):
            rows[name] = 0.0
        elif name == "length_mm":
            rows[name] = own[name].sum() / len(at) if len(own) else np.nan
        elif name == "findings":
            told = "; ".join(dict.fromkeys(word for cell in own[name] for word in cell.split("; ") if word))
            rows[name] = told
        elif name not in rows:
            rows[name] = groups[name].iloc[0]
    return rows[list(groups.columns)]
