"""The tidy table of `softcord measure`: the columns of measures.csv, then how each number was made."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pandas as pd

from softcord.data.bids import contrast_stems, parse_path
from softcord.io.tables import MISSING
from softcord.measure.csa import HOW_COLUMNS, METHOD_VERSION
from softcord.measure.files import AVERAGED, FileMeasures
from softcord.measure.image import HARD_THRESHOLD
from softcord.measure.metrics import METRICS
from softcord.measure.table import MEASURE_COLUMNS
from softcord.plain import plain

METHOD_COLUMNS = ("slice", "findings", *HOW_COLUMNS, "space", "filename")
TIDY_COLUMNS = (*MEASURE_COLUMNS, *METHOD_COLUMNS)
_AREA = {"soft": "csa_mm2", "bin": "csa_bin_mm2", "sct": "csa_sct_mm2"}


def tidy_measures(measured: Iterable[FileMeasures], method: str = MISSING) -> pd.DataFrame:
    """Return one number a row for all files; participant, session and contrast are read from BIDS names.

    Angles and shape come once, from the first mode; soft minus binarised CSA where both were measured.
    """
    rows = [row for file in measured for row in _file_rows(file, method)]
    return pd.DataFrame(rows, columns=pd.Index(TIDY_COLUMNS))


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
        yield _row(who | made, _AREA[str(group["mode"])], group["area_mm2"])
        if pd.notna(group.get("area_doubt_mm2", None)):
            yield _row(who | made, "csa_doubt_mm2", group["area_doubt_mm2"])
        if group["mode"] == file.groups["mode"].iloc[0]:
            for name in (*AVERAGED[1:], "length_mm"):
                yield _row(who | made, name, group[name])
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


def _row(known: Mapping[str, object], metric: str, value: object) -> dict[str, object]:
    blank = dict.fromkeys(TIDY_COLUMNS, MISSING) | {"findings": ""}
    return {**blank, **known, "metric": metric, "value": value, "unit": METRICS[metric].unit}
