from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from softcord.errors import DataError
from softcord.report.figures import FigureSpec
from softcord.report.settings import StudySettings, applicable, metrics_needed
from softcord.report.study import Background, write_study
from softcord.report.study_tables import make_tables
from softcord.stats.claims import PaperEffect, PaperLine, PaperOrder, PaperValue
from softcord.stats.compare import compare_in_detail
from softcord.stats.expected import check_claims
from softcord.stats.questions import DEFAULT_QUESTIONS, Question
from softcord.stats.worst import worst_images
from tests.stats.measures import make_measures

STD = Question("std", "csa_std_mm2")
SMALL = StudySettings(questions=(STD,), figures=(FigureSpec("std", "methods", "csa_std_mm2"),))
WITHOUT_FIGURES = replace(SMALL, figures=None)


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_study_leaves_comparisons_tables_figures_and_page(tmp_path):
    done = []
    comparisons = write_study(make_measures(participants=6), "demo", tmp_path, SMALL, on_done=done.append)
    written = files(tmp_path)
    assert {"comparisons.csv", "report.html"} <= set(written)
    assert {f"figures/std{end}.{kind}" for end in ("", "_effects") for kind in ("png", "svg", "pdf")} <= set(
        written
    )
    assert {"tables/summary.csv", "tables/summary.md", "tables/summary.tex", "tables/power.csv"} <= set(
        written
    )
    assert done == ["comparisons.csv", "std_effects.png", "std.png", "report.html"]
    read = pd.read_csv(tmp_path / "comparisons.csv", na_values=["n/a"], keep_default_na=False)
    pd.testing.assert_frame_equal(read, comparisons.reset_index(drop=True), check_dtype=False)


def test_failed_comparison_overwrites_nothing(tmp_path):
    (tmp_path / "report.html").write_text("yesterday's")
    settings = StudySettings(questions=(STD, Question("q", "hd95_mm")))
    with pytest.raises(DataError, match="hd95_mm: nobody measured this metric"):
        write_study(make_measures(participants=4), "demo", tmp_path, settings)
    assert files(tmp_path) == ["report.html"]
    assert (tmp_path / "report.html").read_text() == "yesterday's"


def test_tables_and_figures_of_an_earlier_comparison_do_not_stay(tmp_path):
    measures = make_measures(participants=4)
    claims = (PaperValue("Table 2", "soft_all", "csa_std_mm2", 2.0, 1.0),)
    old = FigureSpec("old", "methods", "csa_std_mm2")
    write_study(measures, "demo", tmp_path, replace(SMALL, claims=claims, figures=(old,)))
    (tmp_path / "figures" / "notes.txt").write_text("the user's own")
    write_study(measures, "demo", tmp_path, WITHOUT_FIGURES)
    written = files(tmp_path)
    assert "tables/paper_and_here.csv" not in written
    assert {"figures/notes.txt", "tables/summary.csv"} <= set(written)
    assert [name for name in written if name.startswith("figures/")] == ["figures/notes.txt"]


def test_a_figure_of_what_nobody_measured_is_named_as_left_out(tmp_path):
    nobodys = FigureSpec("surface", "methods", "hd95_mm")
    write_study(
        make_measures(participants=4), "demo", tmp_path, replace(SMALL, figures=(*SMALL.figures, nobodys))
    )
    page = (tmp_path / "report.html").read_text()
    assert "Figure surface is left out: hd95_mm was not measured" in page
    assert "Figure std is left out" not in page


def test_a_method_that_segmented_nothing_is_reported_without_power(tmp_path):
    measures = make_measures(participants=4)
    is_csa = measures["metric"].isin(["csa_mm2", "csa_bin_mm2"]) & (measures["method"] == "soft_all")
    for value in (0.0, np.nan):
        failed = measures.assign(value=measures["value"].mask(is_csa, value))
        write_study(failed, "demo", tmp_path, WITHOUT_FIGURES)
        power = pd.read_csv(tmp_path / "tables" / "power.csv")
        assert "soft_all" not in set(power["method"])
        assert "hard_all_SoftSeg" in set(power["method"])


def test_default_questions_leave_out_what_has_rows_but_no_values():
    measures = make_measures(participants=4)
    blank = measures.assign(value=measures["value"].mask(measures["metric"] == "csa_std_mm2"))
    assert "csa_std_mm2" in {question.metric for question in applicable(measures, StudySettings())}
    assert "csa_std_mm2" not in {question.metric for question in applicable(blank, StudySettings())}


def test_an_order_without_a_published_p_is_shown_without_one():
    measures = make_measures(participants=6)
    detailed = compare_in_detail(measures, [STD])
    claim = PaperOrder("Fig. 7", "csa_std_mm2", "soft_all", "hard_all_SoftSeg")
    assert check_claims([claim], measures, detailed)["paper"].tolist() == ["lower"]


def test_a_method_without_measures_keeps_its_row_and_says_why(tmp_path):
    claims = (
        PaperOrder("Fig. 7", "csa_std_mm2", lower="soft_all", higher="sct_propseg"),
        PaperValue("Table 2", "nnunet3d", "csa_std_mm2", 2.0, 1.0),
    )
    said = "sct_propseg: not found. Install the Spinal Cord Toolbox (https://spinalcordtoolbox.com)."
    background = Background(unfinished={"sct_propseg": said})
    settings = replace(WITHOUT_FIGURES, claims=claims)
    write_study(make_measures(participants=6), "demo", tmp_path, settings, background)
    summary = pd.read_csv(tmp_path / "tables" / "summary.csv").set_index("method")
    assert summary.loc["sct_propseg"].iloc[1] == "not run: sct_propseg: not found"
    assert summary.loc["nnunet3d"].iloc[1] == "not run"
    assert summary.loc[["sct_propseg", "nnunet3d"], "n"].tolist() == [0, 0]
    claimed = pd.read_csv(tmp_path / "tables" / "paper_and_here.csv")
    assert claimed["here"].tolist() == ["not run: sct_propseg: not found", "not run"]
    assert claimed["agrees"].tolist() == ["not run", "not run"]


def test_page_names_whom_a_test_dropped(tmp_path):
    measures = make_measures(participants=6)
    lost = (measures["method"] == "soft_all") & (measures["participant_id"] == "sub-02")
    measures.loc[lost & (measures["metric"] == "csa_std_mm2"), "value"] = np.nan
    write_study(measures, "demo", tmp_path, WITHOUT_FIGURES, Background(notes=("A note.",)))
    dropped = pd.read_csv(tmp_path / "tables" / "dropped.csv")
    assert dropped["dropped participants"].tolist() == ["sub-02", "sub-02"]
    assert "A note." in (tmp_path / "report.html").read_text()


def test_one_method_is_described_but_not_compared():
    measures = make_measures(methods=("soft_all",))
    kinds = {question.kind for question in applicable(measures, StudySettings())}
    assert kinds == {"contrasts", "agreement"}


def test_default_questions_take_reference_and_pooling_where_these_make_sense():
    settings = StudySettings(reference="soft_all", unit_of_analysis="pooled", correction="holm")
    chosen = {question.metric: question for question in applicable(make_measures(), settings)}
    assert chosen["csa_abs_error_mm2"].unit_of_analysis == "pooled"
    assert chosen["csa_std_mm2"].unit_of_analysis == "participant"
    assert chosen["csa_std_mm2"].reference == "soft_all"
    assert chosen["csa_mm2"].reference is None
    assert {question.correction for question in chosen.values() if question.kind != "agreement"} == {"holm"}


def test_measures_without_any_question_are_refused():
    measures = make_measures().assign(metric="volume_mm3")
    with pytest.raises(DataError, match="answer none of the questions"):
        applicable(measures, StudySettings())


def test_needed_metrics_cover_every_default_question():
    assert {question.metric for question in DEFAULT_QUESTIONS} <= metrics_needed(StudySettings())


def test_breakdown_has_a_table_per_column():
    measures = make_measures(participants=4)
    people = pd.DataFrame({"participant_id": ["sub-01", "sub-02"], "sex": ["F", "M"]})
    detailed = compare_in_detail(measures, [STD])
    tables = make_tables(measures, detailed, StudySettings(breakdown=("sex",)), people, {})
    assert set(tables["by_sex"]["group"]) == {"F", "M", "n/a"}
    asked = StudySettings(questions=(Question("RVE", "rve_pct"),), breakdown=("sex",))
    assert "rve_pct" in set(make_tables(measures, detailed, asked, people, {})["by_sex"]["metric"])
    with pytest.raises(DataError, match=r"participants\.tsv: is not there"):
        make_tables(measures, detailed, StudySettings(breakdown=("sex",)), None, {})


def test_published_order_is_confirmed_contradicted_or_unclear():
    measures = make_measures(methods=("hard_all_SoftSeg", "soft_all", "twin"), noise=0.3)
    detailed = compare_in_detail(measures, [STD])
    claims = [
        PaperOrder("Fig. 7", "csa_std_mm2", "soft_all", "hard_all_SoftSeg", 0.001),
        PaperOrder("made up", "csa_std_mm2", "hard_all_SoftSeg", "soft_all", 0.001),
        PaperOrder("made up", "csa_std_mm2", "twin", "hard_all_SoftSeg"),
        PaperOrder("Fig. 5", "csa_std_mm2", "twin", "hard_all_SoftSeg", similar=True),
        PaperOrder("Fig. 7", "csa_std_mm2", "soft_all", "nnunet3d"),
    ]
    agrees = check_claims(claims, measures, detailed)["agrees"].tolist()
    assert agrees == ["yes", "no", "no", "yes", "not run"]


def test_published_mean_agrees_within_chance_and_is_not_expected_to_on_other_data():
    measures = make_measures()
    mean = measures.loc[(measures["method"] == "soft_all") & (measures["metric"] == "dice"), "value"].mean()
    claims = [
        PaperValue("Table 2", "soft_all", "dice", mean, 0.01),
        PaperValue("Table 2", "soft_all", "dice", mean - 0.2, 0.01),
        PaperValue("Table 1", "soft_all", "dice", mean, 0.01, contrast="T2w"),
        PaperValue("Table 2", "nnunet3d", "dice", 0.95, 0.02),
    ]
    nothing = compare_in_detail(measures, [STD]).head(0)
    assert check_claims(claims, measures, nothing)["agrees"].tolist() == ["yes", "no", "yes", "not run"]
    elsewhere = check_claims(claims, measures, nothing, same_data=False)["agrees"].tolist()
    assert elsewhere == ["other data"] * 3 + ["not run"]


def test_published_effects_of_contrast_and_lines_are_held_against_the_tests_here():
    measures = make_measures(methods=("hard_all_SoftSeg",), noise=0.2)
    questions = [
        Question("c", "csa_mm2", "contrasts"),
        Question("l", "csa_mm2", "agreement", contrasts=("T1w", "T2w")),
    ]
    detailed = compare_in_detail(measures, questions)
    line = detailed[detailed["test"] == "line"].iloc[0]
    claims = [
        PaperEffect("3.1", "hard_all_SoftSeg", "csa_mm2", differs=True),
        PaperEffect("3.1", "hard_all_SoftSeg", "csa_mm2", differs=False, contrasts=("T2w", "dwi")),
        PaperEffect("3.1", "soft_all", "csa_mm2", differs=True),
        PaperLine("Fig. 10", "hard_all_SoftSeg", "csa_mm2", "T1w", "T2w", line["effect"], 3.89, 0.95),
    ]
    assert check_claims(claims, measures, detailed)["agrees"].tolist() == ["yes", "no", "not run", "yes"]


def test_worst_images_come_first_and_unmeasured_ones_before_them():
    measures = make_measures(participants=4)
    error = measures["metric"] == "csa_abs_error_mm2"
    is_one = (measures["method"] == "soft_all") & (measures["participant_id"] == "sub-03")
    measures.loc[error & is_one & (measures["contrast"] == "T1w"), "value"] = np.nan
    measures.loc[error & is_one & (measures["contrast"] == "dwi"), "value"] = 99.0
    worst = worst_images(measures).head(2)
    assert worst[["participant_id", "contrast"]].to_numpy().tolist() == [["sub-03", "T1w"], ["sub-03", "dwi"]]
