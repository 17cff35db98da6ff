"""The report's table, its page, and the CSA before and after."""

import numpy as np
import pandas as pd
import pytest

from softcord.gt.dataset import build_dataset
from softcord.gt.measures import gt_measures, with_csa
from softcord.gt.report import by_contrast, write_csv
from softcord.gt.settings import GtSettings
from softcord.io.nifti import write_volume
from softcord.measure.table import MEASURE_COLUMNS
from softcord.report.ground_truth_page import write_ground_truth_page

TRUE_MM2 = np.pi * 6.5 * 4.0


@pytest.fixture(scope="module")
def report(cord, tmp_path_factory):
    """One good participant, and one whose mask has a speck; T2w has discs 2 to 4."""
    root = tmp_path_factory.mktemp("report")
    rows = []
    for who in ("sub-01", "sub-02"):
        for contrast, spacing in (("T2w", (0.8, 0.8, 0.8)), ("T1w", (1.0, 1.0, 1.0))):
            seg = cord((30, 30, 40), spacing)
            if (who, contrast) == ("sub-02", "T1w"):
                seg.data[0, 0, 0] = 1
            discs = np.zeros(seg.data.shape, dtype=np.uint8)
            discs[15, 24, 38], discs[15, 24, 20], discs[15, 24, 2] = 2, 3, 4
            paths = {
                "image": root / who / "anat" / f"{who}_{contrast}.nii.gz",
                "hard_seg": root / "derivatives" / "labels" / who / "anat" / f"{who}_{contrast}_seg.nii.gz",
                "discs": root / "derivatives" / "labels" / who / "anat" / f"{who}_{contrast}_discs.nii.gz",
            }
            for path, data in zip(paths.values(), (seg.data * 100 + 20, seg.data, discs), strict=True):
                write_volume(path, data, seg.affine)
            named = {key: str(path) for key, path in paths.items()}
            named["discs"] = named["discs"] if contrast == "T2w" else None
            rows.append({"participant_id": who, "session_id": "n/a", "contrast": contrast, **named})
    table = pd.DataFrame(rows)
    return build_dataset(table, root / "derivatives", GtSettings(), ("T1w", "T2w", "dwi"))


@pytest.fixture(scope="module")
def measures(report):
    return gt_measures(report, GtSettings())


def test_csa_of_hard_and_soft_ground_truth_are_rows_of_the_measures_table(measures):
    assert tuple(measures.columns) == MEASURE_COLUMNS
    assert set(measures["method"]) == {"GT_hard", "GT_soft"}
    assert set(measures["participant_id"]) == {"sub-01"}
    csa = measures[(measures["metric"] == "csa_mm2") & (measures["level"] == "2:3")]
    assert set(zip(csa["method"], csa["contrast"], strict=True)) == {
        (method, contrast) for method in ("GT_hard", "GT_soft") for contrast in ("T1w", "T2w")
    }
    np.testing.assert_allclose(csa["value"], TRUE_MM2, rtol=0.05)
    std = measures[(measures["metric"] == "csa_std_mm2") & (measures["level"] == "2:3")].set_index("method")
    assert std.loc["GT_soft", "value"] < std.loc["GT_hard", "value"]


def test_the_report_shows_csa_before_and_after(report, measures):
    told = with_csa(report, measures)
    good = told[told["status"] == "built"]
    np.testing.assert_allclose(good["csa_gt_mm2"].astype(float), TRUE_MM2, rtol=0.02)
    assert good["csa_hard_mm2"].notna().all()
    assert len(told) == len(report)


def test_contrasts_are_counted(report):
    counts = by_contrast(report).set_index("contrast")
    assert list(counts.index) == ["T1w", "T2w", "DWI"]
    assert counts.loc["T1w", ["averaged", "failed", "missing"]].tolist() == [1, 1, 0]
    assert counts.loc["DWI", "missing"] == 1


def test_the_page_needs_nothing_beside_it_and_names_what_failed(report, measures, tmp_path):
    path = tmp_path / "report.html"
    write_ground_truth_page(with_csa(report, measures), path, "a <title>", notes={"recipe": "5 < 6"})
    page = path.read_text()
    assert "1 of 2 participants have a ground truth" in page
    assert "2 components" in page
    assert page.count("data:image/jpeg;base64,") == 2
    assert "a &lt;title&gt;" in page
    assert "5 &lt; 6" in page
    assert "://" not in page
    assert 'src="' in page
    assert "nan" not in page.split("<body")[1].split("<h2>Overlays")[0].lower()


def test_pictures_are_limited_worst_first(report, tmp_path):
    path = tmp_path / "report.html"
    write_ground_truth_page(report, path, "one", notes={}, overlays=1)
    page = path.read_text()
    assert page.count("data:image/jpeg;base64,") == 1
    worst = report.sort_values("dice_with_average").iloc[0]["contrast"]
    assert f"<figcaption>sub-01 {worst}</figcaption>" in page


def test_the_table_is_written_with_na_for_what_does_not_apply(report, tmp_path):
    write_csv(report, tmp_path / "report.csv")
    back = pd.read_csv(tmp_path / "report.csv", keep_default_na=False)
    failed = back[back["status"] == "failed"].iloc[0]
    assert failed["dice_with_average"] == "n/a"
    assert failed["finding"].startswith("the mask sub-")
    assert failed["finding"].endswith("_seg.nii.gz has 2 components")


def test_nothing_built_leaves_an_empty_table_and_a_page_that_says_so(report, tmp_path):
    failed = report[report["status"] == "failed"]
    measures = gt_measures(failed, GtSettings())
    assert measures.empty
    told = with_csa(failed, measures)
    write_ground_truth_page(told, tmp_path / "report.html", "none", notes={})
    assert "0 of 1 participants have a ground truth" in (tmp_path / "report.html").read_text()
    assert by_contrast(told)["failed"].tolist() == [1]
