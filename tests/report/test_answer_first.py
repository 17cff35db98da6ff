"""The top of a report says what its tests say, and in the same words everywhere on the page."""

import re
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from softcord.report.settings import StudySettings
from softcord.report.study import write_study
from softcord.stats.questions import Question
from tests.stats.measures import make_measures

STD, DICE = Question("std", "csa_std_mm2"), Question("Dice", "dice")


def written(
    measures: pd.DataFrame, folder: Path, *questions: Question, are_figures_drawn: bool = False
) -> str:
    figures = () if are_figures_drawn else None
    write_study(measures, "demo", folder, StudySettings(questions=questions or (STD, DICE), figures=figures))
    return (folder / "report.html").read_text(encoding="utf-8")


def box(page: str) -> str:
    found = re.search(r'<div class="verdict (.*?)</div>', page, re.DOTALL)
    assert found
    return unescape(re.sub(r"<[^>]+>", " ", found[1]))


def test_the_box_says_who_is_best_by_how_much_and_how_sure_that_is(tmp_path: Path) -> None:
    said = box(written(make_measures(), tmp_path))
    row = pd.read_csv(tmp_path / "comparisons.csv").set_index(["a", "b"])
    own = row.loc[("soft_all_diceCE_loss", "soft_all")].iloc[0]
    assert "soft_all is best" in said
    assert f"typically {own['effect']:.2f} mm², 95% CI {own['ci_low']:.2f} to {own['ci_high']:.2f}" in said
    assert "lower than with soft_all_diceCE_loss, the method it is least surely better than" in said
    assert f"corrected p = {own['p_adjusted']:.3g} (Bonferroni over 3)" in said or "p < 0.001" in said
    assert "n = 12 of 12 participants" in said
    assert "the true difference is zero or the other way" in said
    assert "first in resamples of the people: soft_all in" in said
    assert "no image without a cord" in said
    assert "one seed of soft_all_diceCE_loss and of soft_all: what another seed would give" in said


def test_where_nobody_is_best_the_box_says_cannot_tell_and_why(tmp_path: Path) -> None:
    measures = make_measures(methods=("soft_all", "hard_all_SoftSeg"), participants=5)
    page = written(measures, tmp_path)
    assert "Cannot tell which is best: n = 5: no p below 0.0625 exists" in box(page)
    assert 'class="verdict unclear"' in page


@pytest.mark.parametrize("n", [1, 2])
def test_of_one_or_two_people_there_are_values_and_figures_and_no_test(n: int, tmp_path: Path) -> None:
    measures = make_measures(methods=("one", "two"), participants=n)
    page = written(measures, tmp_path, are_figures_drawn=True)
    assert "Cannot tell which is best: not tested" in box(page)
    assert "is best." not in box(page)
    assert (tmp_path / "figures/std_effects.pdf").exists()
    rows = pd.read_csv(tmp_path / "comparisons.csv")
    assert rows[["p", "p_adjusted", "ci_low", "ci_high"]].isna().all(axis=None)
    assert set(rows["verdict"]) == {"cannot tell"}


def test_failures_are_named_in_the_box_and_a_failing_net_is_never_bold(tmp_path: Path) -> None:
    measures = make_measures(methods=("soft_all", "hard_all_SoftSeg", "blind"))
    blind = measures["method"] == "blind"
    for metric, value in {"csa_mm2": 0.0, "csa_bin_mm2": 0.0, "dice": 0.0, "csa_std_mm2": 0.01}.items():
        measures.loc[blind & (measures["metric"] == metric), "value"] = value
    page = written(measures, tmp_path)
    assert "images without a cord: blind 72 of 72" in box(page)
    row = re.search(r"<tr[^>]*><td>blind</td>.*?</tr>", page, re.DOTALL)
    assert row
    assert 'class="best"' not in row[0]
    assert "72 of 72" in row[0]


def test_bold_in_the_summary_are_those_whom_no_test_finds_worse(tmp_path: Path) -> None:
    page = written(make_measures(), tmp_path)
    rows = re.findall(r"<tr[^>]*><td>(\w+)</td>(.*?)</tr>", page.split('id="summary"')[1], re.DOTALL)
    cells = {name: re.findall(r"<td([^>]*)>(.*?)</td>", rest)[1] for name, rest in rows[:5]}
    assert "best" in cells["soft_all"][0]
    assert "best" not in cells["hard_all_SoftSeg"][0]
    assert cells["hard_all_SoftSeg"][1].endswith("**")
    assert [name for name, _ in rows[:3]] == ["GT_hard", "GT_soft", "soft_all"]


def test_where_no_test_tells_methods_apart_nobody_is_bold(tmp_path: Path) -> None:
    page = written(make_measures(methods=("soft_all", "hard_all_SoftSeg"), participants=3), tmp_path)
    assert "Cannot tell which is best" in box(page)
    assert 'class="best"' not in page


def test_contrasts_that_did_not_train_are_marked_below_the_summary_and_in_the_figures(tmp_path: Path) -> None:
    measures = make_measures(methods=("soft_T1w_T2w", "soft_all"))
    measures.loc[measures["method"] == "soft_T1w_T2w", "contrasts_trained"] = "T1w T2w"
    asked = (STD, Question("CSA", "csa_mm2", "contrasts"))
    page = written(measures, tmp_path, *asked, are_figures_drawn=True)
    said = "Tested, not trained on: DWI, MT-on, GRE-T1w, T2*w (soft_T1w_T2w)"
    summary, questions = page.split('id="questions"')[:2]
    assert f"{said}; the means are over these, too." in summary
    assert f"CSA STD across contrasts, soft (mm²) per method. {said}." in questions
    assert f"CSA, soft (mm²) per contrast. {said}." in questions
    panels = (tmp_path / "figures/csa.svg").read_text(encoding="utf-8")
    assert panels.count("(unseen)") == 4


def test_sentences_are_folded_and_words_explained_where_they_stand(tmp_path: Path) -> None:
    page = written(make_measures(), tmp_path)
    folded = re.findall(r'<details class="sentences">.*?</details>', page, re.DOTALL)
    assert len(folded) == 2
    assert page.count("typical difference") == sum(part.count("typical difference") for part in folded)
    for word in ("RVE: relative volume error", "bin (binarised): voxels above 0.5", "soft: voxels count by"):
        assert word in page


def test_text_in_the_drawings_is_text_and_cannot_become_markup(tmp_path: Path) -> None:
    measures = make_measures(methods=("<script>x", "b&amp;c"), participants=6)
    page = written(measures, tmp_path, are_figures_drawn=True)
    assert "<script>x" not in page
    svg = (tmp_path / "figures/std_effects.svg").read_text(encoding="utf-8")
    assert "&lt;script&gt;x" in svg
    assert "<text" in svg
    pdf = (tmp_path / "figures/std.pdf").read_bytes()
    assert b"/TrueType" in pdf or b"/CIDFontType2" in pdf
    assert b"/Type3" not in pdf


def test_a_spread_of_nothing_is_no_reason_to_be_first(tmp_path: Path) -> None:
    measures = make_measures(methods=("soft_all", "gap"))
    own = (measures["method"] == "gap") & measures["metric"].isin(["csa_mm2", "csa_std_mm2"])
    measures.loc[own & (measures["participant_id"] != "sub-01"), "value"] = np.nan
    said = box(written(measures, tmp_path, STD))
    assert "Cannot tell" in said
    assert "n = 1 of 12" in said
