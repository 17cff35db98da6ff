import csv
import re
from pathlib import Path

import numpy as np
import pytest

from softcord.errors import DataError
from softcord.io.nifti import write_volume
from softcord.measure.files import MaskFiles, MeasureSettings, measure_file
from softcord.measure.sct_csv import write_sct_csv

# As SCT 7.3 writes it.
HEADER = (
    "Timestamp,SCT Version,Filename,Slice (I->S),VertLevel,DistancePMJ,MEAN(area),STD(area),"
    "MEAN(angle_AP),STD(angle_AP),MEAN(angle_RL),STD(angle_RL),MEAN(diameter_AP),STD(diameter_AP),"
    "MEAN(diameter_AP_ellipse),STD(diameter_AP_ellipse),MEAN(diameter_RL),STD(diameter_RL),"
    "MEAN(length_anterior),STD(length_anterior),MEAN(length_posterior),STD(length_posterior),"
    "MEAN(eccentricity),STD(eccentricity),MEAN(orientation),STD(orientation),"
    "MEAN(solidity),STD(solidity),SUM(length)"
)


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    data = np.zeros((9, 9, 5), dtype=np.uint8)
    data[3:6, 3:7, [0, 1, 3]] = 1
    path = tmp_path / "seg, odd name.nii.gz"
    write_volume(path, data, np.diag([0.5, 0.5, 4, 1]))
    return path


def test_the_header_is_scts_and_cells_of_empty_slices_are_empty(mask: Path, tmp_path: Path) -> None:
    measured = measure_file(MaskFiles(mask), MeasureSettings(modes=("sct",), per_slice=True))
    out = tmp_path / "new" / "csa.csv"
    write_sct_csv(out, [measured], "sct", "softcord 1.2.3")
    text = out.read_text(encoding="utf-8")
    assert text.splitlines()[0] == HEADER
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["Slice (I->S)"] for row in rows] == ["0", "1", "2", "3", "4"]
    assert [row["MEAN(area)"] for row in rows] == ["3.0", "3.0", "", "3.0", ""]
    assert {row["VertLevel"] for row in rows} == {row["DistancePMJ"] for row in rows} == {""}
    assert {row["Filename"] for row in rows} == {str(mask)}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", rows[0]["Timestamp"])
    assert rows[0]["SCT Version"] == (
        "softcord 1.2.3 mode=sct smoothing=30.0 angle_correction=1 method_version=softcord-csa-2"
    )


def test_append_adds_rows_without_a_second_header(mask: Path, tmp_path: Path) -> None:
    measured = measure_file(MaskFiles(mask), MeasureSettings())
    out = tmp_path / "csa.csv"
    for mode in ("soft", "bin"):
        write_sct_csv(out, [measured], mode, "softcord", append=True)
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 2
    assert [row["MEAN(diameter_AP)"] != "" for row in rows] == [
        True,
        False,
    ]  # shape comes with the first mode


def test_another_table_is_not_appended_to(mask: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n", encoding="utf-8")
    measured = measure_file(MaskFiles(mask), MeasureSettings())
    with pytest.raises(DataError, match="another header"):
        write_sct_csv(other, [measured], "soft", "softcord", append=True)
    assert other.read_text(encoding="utf-8") == "a,b\n1,2\n"
