"""The tidy table of `softcord measure`: who, where and what first, then how each number was made.

It has every column of measures.csv, so whatever reads measures by name (``compare`` does) reads it.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from pathlib import Path

import pandas as pd

from softcord.data.bids import contrast_stems, parse_path
from softcord.io.tables import MISSING, write_table
from softcord.measure.csa import HOW_COLUMNS, METHOD_VERSION
from softcord.measure.files import AVERAGED, FileMeasures
from softcord.measure.image import HARD_THRESHOLD
from softcord.measure.metrics import METRICS
from softcord.measure.table import MEASURE_COLUMNS
from softcord.plain import plain

# What is looked at first; ``sd`` is over the slices of a mean.
_FIRST = ("participant_id", "session_id", "contrast", "level", "slice", "metric", "value", "sd", "unit")
METHOD_COLUMNS = ("slice", "findings", *HOW_COLUMNS, "space", "filename")
TIDY_COLUMNS = tuple(dict.fromkeys((*_FIRST, *METHOD_COLUMNS, *MEASURE_COLUMNS)))
_AREA = {"soft": "csa_mm2", "bin": "csa_bin_mm2", "sct": "csa_sct_mm2"}


def tidy_measures(measured: Iterable[FileMeasures], method: str = MISSING) -> pd.DataFrame:
    """Return one number a row for all files; participant, session and contrast are read from BIDS names.

    Angles and shape come once, from the first mode; soft minus binarised CSA where both were measured.
    ``sd`` is the population SD over the slices of a mean, n/a for what is of one slice or no mean.
    """
    rows = [row for file in measured for row in _file_rows(file, method)]
    return pd.DataFrame(rows, columns=pd.Index(TIDY_COLUMNS))


def write_tidy(path: Path | str, table: pd.DataFrame) -> None:
    """Write such a table, also one begun by a softcord with fewer columns; further ones stand last."""
    extra = [name for name in table.columns if name not in TIDY_COLUMNS]
    write_table(Path(path), table.reindex(columns=[*TIDY_COLUMNS, *extra]))


def image_identity(path: Path) -> dict[str, str]:
    """Read participant, session and contrast from a mask's name; "n/a" where the name does not say."""
    parsed = parse_path(plain(str(path)))
    if parsed is None:
        return {"participant_id": MISSING, "session_id": MISSING, "contrast": MISSING}
    stem = image_stem(parsed.stem)
    return {
        "participant_id": parsed.participant_id,
        "session_id": parsed.session_id,
        "contrast": contrast_stems().get(stem, stem),
    }


def image_stem(mask_stem: str) -> str:
    """Strip from a mask's stem what names the label: ``T2w_label-SC_seg`` is of the image ``T2w``."""
    for ending in ("_label-", "_desc-", "_softseg", "_seg", "_pred"):
        mask_stem = mask_stem.partition(ending)[0]
    return mask_stem


def _file_rows(file: FileMeasures, method: str) -> Iterator[dict[str, object]]:
    who = image_identity(file.files.mask) | {
        "method": method,
        "space": file.space,
        "filename": plain(str(file.files.mask)),
    }
    for group in file.groups.to_dict("records"):
        made = {name: group[name] for name in ("level", *METHOD_COLUMNS[:-2])}
        yield _row(who | made, _AREA[str(group["mode"])], group["area_mm2"], _sd(group, "area_mm2"))
        if pd.notna(group.get("area_doubt_mm2", None)):
            yield _row(who | made, "csa_doubt_mm2", group["area_doubt_mm2"])
        if group["mode"] == file.groups["mode"].iloc[0]:
            for name in AVERAGED[1:]:
                yield _row(who | made, name, group[name], _sd(group, name))
            yield _row(who | made, "length_mm", group["length_mm"])
    yield from _difference_rows(file, who)
    made = {"threshold": HARD_THRESHOLD, "method_version": METHOD_VERSION}
    for metric, value in file.overlap.items():
        yield _row(who | made, metric, value)


def _difference_rows(file: FileMeasures, who: dict[str, str]) -> Iterator[dict[str, object]]:
    by_mode = {mode: rows.reset_index(drop=True) for mode, rows in file.groups.groupby("mode")}
    if not {"soft", "bin"} <= by_mode.keys():
        return
    for soft, hard in zip(by_mode["soft"].to_dict("records"), by_mode["bin"].to_dict("records"), strict=True):
        made = {name: hard[name] for name in ("level", *METHOD_COLUMNS[:-2])} | {"mode": "soft-bin"}
        yield _row(who | made, "csa_soft_minus_bin_mm2", soft["area_mm2"] - hard["area_mm2"])


def _sd(group: Mapping[Hashable, object], name: str) -> object:
    """The SD over a group's slices; that of one slice says nothing."""
    return MISSING if str(group["slice"]).isdigit() else group[f"{name}_sd"]


def _row(known: Mapping[str, object], metric: str, value: object, sd: object = MISSING) -> dict[str, object]:
    blank = dict.fromkeys(TIDY_COLUMNS, MISSING) | {"findings": ""}
    return {**blank, **known, "metric": metric, "value": value, "sd": sd, "unit": METRICS[metric].unit}
