"""`softcord measure` as its users type it."""

import csv
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from softcord.app.verbs.measure import main
from softcord.io.nifti import write_volume
from softcord.measure.table import MEASURE_COLUMNS, read_measures
from tests.speed import assert_within

AFFINE = np.diag([-0.5, 0.5, 4.0, 1.0])


@pytest.fixture(autouse=True)
def _in_a_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def mask(tmp_path: Path) -> str:
    data = np.zeros((20, 20, 9), dtype=np.float32)
    data[5:15, 6:14] = 1
    data[5, 6:14] = 0.25
    path = tmp_path / "sub-01_ses-2_T2w_label-SC_softseg.nii.gz"
    write_volume(path, data, AFFINE)
    return str(path)


@pytest.fixture
def discs(tmp_path: Path) -> str:
    data = np.zeros((20, 20, 9), dtype=np.uint8)
    data[10, 5, 7], data[10, 5, 4], data[10, 5, 1] = 2, 3, 4
    path = tmp_path / "discs.nii.gz"
    write_volume(path, data, AFFINE)
    return str(path)


def rows(path: str = "csa.csv") -> dict[tuple[str, str], float]:
    table = read_measures(path)
    return {(r.metric, r.level): r.value for r in table.itertuples()}  # type: ignore[misc]


def test_measure_ends_with_how_to_look_at_the_first_mask_where_its_image_is_found(
    mask: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["-i", mask]) == 0
    assert "fsleyes" not in capsys.readouterr().out
    image = mask.replace("_label-SC_softseg", "")
    shutil.copy(mask, image)
    assert main(["-i", mask, "-o", "b.csv"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"  fsleyes {image} {mask} -cm red -a 70 -dr 0 1"
    for quiet in (["-o", "c.csv", "-v", "0"], ["-o", "-"]):
        assert main(["-i", mask, *quiet]) == 0
        assert "fsleyes" not in capsys.readouterr().out


def test_one_mask_gives_soft_and_binarised_csa_side_by_side(
    mask: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["-i", mask]) == 0
    found = rows()
    assert found["csa_mm2", "all"] == pytest.approx((9 + 0.25) * 8 * 0.25)
    assert found["csa_bin_mm2", "all"] == pytest.approx(9 * 8 * 0.25)
    assert found["csa_soft_minus_bin_mm2", "all"] == pytest.approx(0.25 * 8 * 0.25)
    assert capsys.readouterr().out.startswith("csa.csv: 1 mask measured")


def test_rows_say_whose_they_are_and_how_they_were_made(mask: str) -> None:
    assert main(["-i", mask, "-method", "soft_all", "-v", "0"]) == 0
    table = read_measures("csa.csv")
    first = "participant_id session_id contrast level slice metric value sd unit findings"
    assert list(table.columns)[:10] == first.split()
    assert set(MEASURE_COLUMNS) < set(table.columns)
    row = table[table["metric"] == "csa_bin_mm2"].iloc[0]
    assert row[["participant_id", "session_id", "contrast", "method"]].tolist() == [
        "sub-01",
        "ses-2",
        "T2w",
        "soft_all",
    ]
    assert row[["mode", "threshold", "smoothing", "method_version"]].tolist() == [
        "bin",
        "0.5",
        "8.0",
        "softcord-csa-2",
    ]
    assert row[["slice", "findings"]].tolist() == ["0:8", "volume-end in 2 slices"]


def test_vert_2_3_with_discs_is_one_row_and_perlevel_two(mask: str, discs: str) -> None:
    words = ["-i", mask, "-vert", "2:3", "-discfile", discs, "-v", "0"]
    assert main([*words, "-perlevel", "1", "-perslice", "0", "-o", "levels.csv"]) == 0
    assert main([*words, "-o", "both.csv"]) == 0
    assert {level for _, level in rows("both.csv")} == {"2:3"}
    assert {level for _, level in rows("levels.csv")} == {"2", "3"}


def test_sct_csv_has_scts_header_and_the_definition_asked_for(mask: str, discs: str) -> None:
    words = ["-i", mask, "-vert", "2:3", "-discfile", discs, "-mode", "sct", "-sct-csv", "sct.csv", "-v", "0"]
    assert main(words) == 0
    assert [path.name for path in Path.cwd().glob("*.csv")] == ["sct.csv"]
    Path("sct.csv").unlink()
    words += ["-o", "csa.csv"]
    assert main(words) == 0
    assert main([*words, "-append", "1"]) == 0
    table = list(csv.DictReader(Path("sct.csv").read_text(encoding="utf-8").splitlines()))
    assert len(table) == 2
    assert table[0]["VertLevel"] == "2:3"
    assert "mode=sct" in table[0]["SCT Version"]
    assert float(table[0]["MEAN(area)"]) == rows()["csa_sct_mm2", "2:3"]
    assert (read_measures("csa.csv")["metric"] == "csa_sct_mm2").sum() == 2


def test_a_reference_adds_overlap_and_distance(mask: str) -> None:
    assert main(["-i", mask, "-d", mask, "-v", "0"]) == 0
    assert rows()["dice", "n/a"] == 1
    assert rows()["asd_mm", "n/a"] == 0


def test_a_folder_is_measured_and_leaves_only_the_table(tmp_path: Path, mask: str) -> None:
    for n in range(3):
        path = tmp_path / "derivatives" / f"sub-{n}" / "anat" / f"sub-{n}_T1w_label-SC_softseg.nii.gz"
        path.parent.mkdir(parents=True)
        path.write_bytes(Path(mask).read_bytes())
    assert main(["-path-data", "derivatives", "-o", "out/csa.csv", "-v", "0"]) == 0
    assert read_measures("out/csa.csv")["participant_id"].unique().tolist() == ["sub-0", "sub-1", "sub-2"]
    assert [path.name for path in Path("out").iterdir()] == ["csa.csv"]


def test_what_can_be_measured_is_written_and_the_rest_is_named(
    mask: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("broken.nii.gz").write_bytes(b"x" * 2000)
    assert main(["-i", "broken.nii.gz", mask]) == 3
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert rows()["csa_mm2", "all"] > 0


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        (["-vert", "2:3"], 2, "needs either -i or -path-data"),
        (["-i", "MASK", "-vert", "2:3"], 2, "Give disc labels"),
        (["-i", "MASK", "-vert", "C2", "-discfile", "DISCS"], 2, "-vert: cannot read 'C2'"),
        (["-i", "MASK", "-z", "5-9"], 2, "-z: cannot read '5-9'"),
        (["-i", "MASK", "MASK", "-discfile", "DISCS"], 2, "-discfile: has 1 files for 2 masks"),
        (["-i", "MASK", "-thr", "2"], 2, "-thr: must be at least 0 and below 1"),
        (["-i", "MASK", "-centerline-smooth", "0"], 2, "-centerline-smooth: must be a number > 0"),
        (["-i", "MASK", "-jobs", "0"], 2, "-jobs: must be at least 1"),
        (["-i", "MASK", "-mode", "hard"], 2, "invalid choice: 'hard'"),
        (["-i", "MASK", "-pmj", "x"], 2, "unrecognized arguments: -pmj"),
        (["-i", "nowhere.nii.gz"], 3, "nowhere.nii.gz: does not exist"),
        (["-path-data", "nowhere"], 3, "nowhere: is not a folder"),
        (["-i", "MASK", "-discfile", "MASK"], 3, "values must be whole numbers"),
        (["-i", "MASK", "-d", "OTHER"], 3, "same voxel grid"),
    ],
)
def test_bad_input_is_one_line_with_an_exit_code_and_leaves_the_old_table(
    mask: str, discs: str, capsys: pytest.CaptureFixture[str], words: list[str], code: int, what: str
) -> None:
    write_volume("other.nii.gz", np.ones((3, 3, 3), dtype=np.uint8), AFFINE)
    earlier = f"{','.join(MEASURE_COLUMNS)}\nearlier result\n"
    Path("csa.csv").write_text(earlier, encoding="utf-8")
    known = {"MASK": mask, "DISCS": discs, "OTHER": "other.nii.gz"}
    assert main([known.get(word, word) for word in words]) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert what in line
    assert Path("csa.csv").read_text(encoding="utf-8") == earlier


def test_without_arguments_the_usage_is_shown_and_it_is_wrong_usage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 2
    assert "-path-data" in capsys.readouterr().err


def test_help_answers_at_once_without_numpy() -> None:
    code = (
        "import sys; from softcord.app.verbs.measure import main; code = main(['-h']); "
        "assert not {'numpy', 'pandas', 'scipy', 'nibabel', 'torch'} & set(sys.modules); sys.exit(code)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "-discfile" in done.stdout
    assert_within(0.5, lambda: subprocess.run(command, check=True, capture_output=True))


def test_python_m_softcord_measure_is_the_same_command(mask: str) -> None:
    command = [sys.executable, "-m", "softcord.measure", "-i", mask, "-v", "0"]
    assert subprocess.run(command, check=False).returncode == 0
    assert rows()["csa_mm2", "all"] > 0


@pytest.mark.parametrize(
    ("words", "useless"),
    [
        (["-path-data", ".", "-discfile", "discs.nii.gz"], "-discfile"),
        (["-i", "a.nii.gz", "-path-label", "."], "-path-label"),
        (["-i", "a.nii.gz", "-discfile", "d.nii.gz", "-vertfile", "v.nii.gz"], "-vertfile"),
        (["-i", "a.nii.gz", "-vert", ""], "-vert"),
    ],
)
def test_words_without_effect_are_refused(
    words: list[str], useless: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err.startswith(f"softcord: {useless}: ")


def test_no_output_ever_replaces_what_is_read(
    mask: str, discs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: Path(path).read_bytes() for path in (mask, discs)}
    (tmp_path / "link.nii.gz").symlink_to(mask)
    for output in (mask, discs, str(tmp_path / "link.nii.gz"), f"../{tmp_path.name}/{Path(mask).name}"):
        for word in ("-o", "-sct-csv"):
            assert main(["-i", mask, "-discfile", discs, word, output, "-overwrite"]) == 2
            assert "is a file that is read. Name another file." in capsys.readouterr().err
    assert {path: Path(path).read_bytes() for path in before} == before
    assert not list(tmp_path.glob(".*.parts"))


@pytest.mark.parametrize("word", ["-o", "-sct-csv"])
@pytest.mark.parametrize("append", ["0", "1"])
def test_a_file_that_is_no_table_of_ours_is_kept_unless_it_is_said(
    word: str, append: str, mask: str, capsys: pytest.CaptureFixture[str]
) -> None:
    thesis = Path("thesis.csv")
    thesis.write_text("chapter,words\n1,9000\n")
    assert main(["-i", mask, word, str(thesis), "-append", append]) == 2
    assert "exists, and is no table of softcord's. -overwrite replaces it." in capsys.readouterr().err
    assert thesis.read_text() == "chapter,words\n1,9000\n"
    if append == "0":
        assert main(["-i", mask, word, str(thesis), "-overwrite"]) == 0
        assert "chapter" not in thesis.read_text()


def test_a_folder_a_device_or_a_pipe_is_left_what_it_is(
    mask: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for output in ("pipe", "/dev/null", "folder"):
        assert main(["-i", mask, "-o", output, "-overwrite"]) == 2
        assert f"-o {output}: is " in capsys.readouterr().err
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_our_own_tables_are_written_anew_and_two_outputs_are_two_files(
    mask: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert main(["-i", mask, "-o", "a.csv", "-sct-csv", "b.csv"]) == 0
    assert main(["-i", mask, "-o", "a.csv", "-sct-csv", "a.csv"]) == 2
    assert "-sct-csv a.csv: is a file that is read" in capsys.readouterr().err
    Path("empty.csv").touch()
    assert main(["-i", mask, "-o", "empty.csv", "-append", "1"]) == 0
    assert Path("empty.csv").read_text() == Path("a.csv").read_text()


def test_a_mean_over_slices_has_its_sd_and_one_slice_has_none(mask: str) -> None:
    words = ["-i", mask, "-mode", "soft", "-v", "0"]
    assert main([*words, "-perslice", "1", "-o", "slices.csv"]) == 0
    assert main([*words, "-o", "mean.csv"]) == 0
    slices, mean = (read_measures(name).query("metric == 'csa_mm2'") for name in ("slices.csv", "mean.csv"))
    assert set(slices["sd"]) == {"n/a"}
    assert float(mean["sd"].item()) == pytest.approx(slices["value"].std(ddof=0))


def test_rows_can_be_added_to_a_table_whose_columns_stand_otherwise(mask: str) -> None:
    assert main(["-i", mask, "-o", "new.csv", "-v", "0"]) == 0
    table = read_measures("new.csv")
    others = [name for name in table.columns if name not in MEASURE_COLUMNS and name != "sd"]
    table[[*MEASURE_COLUMNS, *others]].to_csv("old.csv", index=False)
    assert main(["-i", mask, "-o", "old.csv", "-append", "1", "-v", "0"]) == 0
    both = read_measures("old.csv")
    assert both.columns.tolist() == table.columns.tolist()
    assert len(both) == 2 * len(table)


def test_the_table_can_go_to_standard_output(mask: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-i", mask, "-o", "a.csv"]) == 0
    capsys.readouterr()
    assert main(["-i", mask, "-o", "-"]) == 0
    assert capsys.readouterr().out == Path("a.csv").read_text()
    assert not Path("-").exists()


def test_one_empty_level_image_costs_its_own_mask_a_finding_and_no_other_anything(
    mask: str, tmp_path: Path
) -> None:
    levels = np.zeros((20, 20, 9), dtype=np.uint8)
    write_volume(tmp_path / "empty.nii.gz", levels, AFFINE)
    levels[10, 5] = 3
    write_volume(tmp_path / "levels.nii.gz", levels, AFFINE)
    other = tmp_path / "sub-02/anat/sub-02_T2w_label-SC_seg.nii.gz"
    other.parent.mkdir(parents=True)
    shutil.copy(mask, other)
    words = ["-i", str(other), mask, "-vertfile", "empty.nii.gz", "levels.nii.gz", "-perlevel", "1"]
    for _ in range(2):
        assert main([*words, "-sct-csv", "sct.csv", "-o", "csa.csv"]) == 0
        table = read_measures("csa.csv")
        is_empty = table["filename"] == str(other)
        assert set(table.loc[is_empty, "findings"]) == {"no level is in the image"}
        assert table.loc[is_empty, "value"].isna().all()
        measured = table[~is_empty & (table["metric"] == "csa_bin_mm2")]
        assert measured[["level", "value"]].to_numpy().tolist() == [["3", 18.0]]


def test_a_name_that_is_no_utf_8_costs_no_table(mask: str, tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/sub-03_acq-\xff_T2w_seg.nii.gz"
    shutil.copy(os.fsencode(mask), odd)
    assert main(["-i", mask, os.fsdecode(odd), "-sct-csv", "sct.csv", "-o", "csa.csv"]) == 0
    assert len(set(read_measures("csa.csv")["filename"])) == 2
    assert r"acq-\xff_T2w" in Path("csa.csv").read_text(encoding="utf-8")
    assert r"acq-\xff_T2w" in Path("sct.csv").read_text(encoding="utf-8")


def test_a_person_is_held_against_healthy_people_level_by_level(mask: str, discs: str) -> None:
    told = ["-i", mask, "-discfile", discs, "-perlevel", "1", "-norm", "t2w"]
    assert main([*told, "-sex", "F", "-age", "30", "-norm-svg", "norm.svg"]) == 0
    found = rows()
    assert found["csa_norm_z", "2"] < -3  # the mask is a quarter of a cord
    assert 0 <= found["csa_norm_centile", "2"] < 1
    assert Path("norm.svg").read_text().startswith("<?xml")
    with open("csa.csv", newline="") as stream:
        assert {row["norm"] for row in csv.DictReader(stream)} == {"n/a", "t2w"}


def test_beyond_the_ages_of_the_set_there_is_no_value_and_one_line_says_so(
    mask: str, discs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["-i", mask, "-discfile", discs, "-perlevel", "1", "-norm", "t2w", "-sex", "F", "-age", "80"]
    assert main(told) == 0
    assert "80 years" in capsys.readouterr().err
    assert not any("norm" in metric for metric, _ in rows())


@pytest.mark.parametrize(
    "told",
    [["-norm", "t1w"], ["-age", "30"], ["-norm", "t1w", "-perlevel", "1", "-sex", "F"], ["-normalize"]],
)
def test_words_that_need_others_are_refused(mask: str, told: list[str]) -> None:
    assert main(["-i", mask, *told]) == 2


def test_the_threshold_study_is_written_beside_its_figure(mask: str) -> None:
    assert main(["-i", mask, "-thr-curve", "thr.csv"]) == 0
    assert Path("thr.csv").read_text().count("\n") == 20
    assert Path("thr.svg").exists()
