import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from softcord.draw.render import figure_bytes
from softcord.report.figures import METHODS_UP_TO, FigureSpec, default_figures, draw, effect_figures
from softcord.report.order import METHOD_COLOURS, method_colour
from softcord.report.scatter import agreement_plot
from softcord.report.violin import star, violins_by_contrast, violins_by_method
from softcord.stats.compare import compare_in_detail
from softcord.stats.measured import measured
from softcord.stats.questions import DEFAULT_QUESTIONS, Question
from softcord.stats.wide import by_contrast, by_method
from tests.stats.measures import make_measures

NO_TESTS = pd.DataFrame({"about": [], "a": [], "b": [], "p_adjusted": []})


def wide(metric="csa_std_mm2", **options):
    return by_method(measured(make_measures(**options), metric))


def texts(figure):
    return [text.get_text() for axis in figure.axes for text in axis.texts]


def stars(figure):
    return [text for text in texts(figure) if set(text) == {"*"}]


def test_every_participant_is_a_point_and_the_mean_a_white_triangle():
    values = wide(participants=7)
    axis = violins_by_method(values, NO_TESTS, "CSA STD (mm²)").axes[1]
    points, triangle = axis.collections[0], axis.collections[1]
    assert sorted(points.get_offsets()[:, 1]) == pytest.approx(sorted(values["GT_hard"]))
    assert triangle.get_offsets()[0].tolist() == pytest.approx([0, values["GT_hard"].mean()])
    assert triangle.get_facecolor()[0].tolist() == [1, 1, 1, 1]


def test_methods_keep_the_papers_order_with_a_line_behind_the_ground_truth():
    axis = violins_by_method(wide(), NO_TESTS, "CSA STD (mm²)").axes[1]
    labels = [label.get_text() for label in axis.get_xticklabels()]
    assert labels == ["GT_hard", "GT_soft", "hard_all_SoftSeg", "soft_all_diceCE_loss", "soft_all"]
    assert [line.get_xdata()[0] for line in axis.lines] == [1.5]
    assert axis.get_ylabel() == "CSA STD (mm²)"


def test_stars_come_from_the_corrected_p_only():
    tests = pd.DataFrame(
        {
            "about": "",
            "a": ["soft_all", "soft_all"],
            "b": ["hard_all_SoftSeg", "GT_soft"],
            "p_adjusted": [0.004, 0.06],
        }
    )
    assert stars(violins_by_method(wide(), tests, "x")) == ["**"]


@pytest.mark.parametrize(
    ("p", "drawn"), [(0.0009, "***"), (0.009, "**"), (0.049, "*"), (0.05, ""), (np.nan, "")]
)
def test_stars_follow_the_papers_limits(p, drawn):
    assert star(p) == drawn


def test_mean_and_sd_stand_above_each_violin():
    values = wide(participants=6)
    expected = f"{values['soft_all'].mean():.2f} ± {values['soft_all'].std(ddof=1):.2f}"
    assert expected in texts(violins_by_method(values, NO_TESTS, "x"))


def test_contrast_panels_share_one_axis_and_the_figure_order_of_contrasts():
    tables = by_contrast(measured(make_measures(), "csa_mm2"))
    chosen = {name: tables[name] for name in ("soft_all", "hard_all_SoftSeg")}
    figure = violins_by_contrast(chosen, NO_TESTS, "CSA (mm²)")
    upper, lower = figure.axes[1], figure.axes[3]
    assert upper.get_ylim() == lower.get_ylim()
    labels = [label.get_text() for label in lower.get_xticklabels()]
    assert labels == ["DWI", "MT-on", "GRE-T1w", "T1w", "T2*w", "T2w"]


def test_constant_values_are_drawn_as_points_without_a_violin():
    values = pd.DataFrame({"soft_all": [1.0, 1.0, 1.0]})
    assert figure_bytes(violins_by_method(values, NO_TESTS, "x"), "png", dpi=30)[:4] == b"\x89PNG"


def test_agreement_plot_draws_each_methods_own_line():
    measures = make_measures(noise=0, methods=("hard_all_SoftSeg", "soft_all"))
    question = Question("q", "csa_mm2", "agreement", contrasts=("T1w", "T2w"))
    detailed = compare_in_detail(measures, [question])
    tables = by_contrast(measured(measures, "csa_mm2"))
    lines = detailed[detailed["test"] == "line"]
    chosen = {name: tables[name] for name in ("hard_all_SoftSeg", "soft_all")}
    axis = agreement_plot(chosen, "T1w", "T2w", lines, "CSA").axes[0]
    first = axis.lines[0]
    assert first.get_ydata() - first.get_xdata() == pytest.approx([2.0, 2.0])
    assert first.get_color() == method_colour("hard_all_SoftSeg")


def test_every_default_figure_can_be_drawn():
    measures = make_measures(participants=5, methods=("soft_all", "hard_all_SoftSeg"))
    detailed = compare_in_detail(measures, DEFAULT_QUESTIONS)
    specs = [
        *effect_figures(DEFAULT_QUESTIONS),
        *default_figures(DEFAULT_QUESTIONS),
        FigureSpec("pairs", "contrast_pairs", "csa_mm2"),
    ]
    assert len({spec.name for spec in specs}) == len(specs) == 16
    for spec in specs:
        drawn = draw(spec, measures, detailed)
        assert drawn is not None
        assert drawn[0].axes
        assert drawn[1].endswith(".")


def test_too_many_methods_are_cut_to_the_best_and_the_caption_says_so():
    methods = [f"method_{i:02d}" for i in range(30)] + ["soft_all"]
    measures = make_measures(methods, participants=4)
    detailed = compare_in_detail(measures, [Question("q", "csa_std_mm2")])
    figure, caption = draw(FigureSpec("std", "methods", "csa_std_mm2"), measures, detailed)
    labels = [label.get_text() for label in figure.axes[1].get_xticklabels()]
    assert len(labels) == METHODS_UP_TO
    assert {"GT_soft", "soft_all"} <= set(labels)
    assert caption.endswith("12 of 33 methods are shown.")


def test_same_figure_gives_the_same_bytes():
    first, second = (violins_by_method(wide(participants=4), NO_TESTS, "x") for _ in range(2))
    assert figure_bytes(first, "png", dpi=30) == figure_bytes(second, "png", dpi=30)


def test_only_the_first_format_is_drawn_twice_once_to_lay_the_figure_out(monkeypatch):
    figure, draw_it, drawn = Figure(layout="constrained"), Figure.draw, []
    figure.subplots().plot([1, 2])
    monkeypatch.setattr(Figure, "draw", lambda self, renderer: (drawn.append(1), draw_it(self, renderer)))
    counts = [(figure_bytes(figure, kind, dpi=30), len(drawn))[1] for kind in ("svg", "png", "pdf")]
    assert counts == [2, 3, 4]


def test_unknown_kind_of_figure_is_refused():
    with pytest.raises(ValueError, match="kind: must be one of effects, methods, contrasts"):
        FigureSpec("x", "bars", "dice")


def test_a_figure_of_some_contrasts_shows_these_and_the_stars_of_their_tests_only():
    measures = make_measures(methods=("a", "b"))
    every, one = Question("all", "dice"), Question("T2w", "dice", contrasts=("T2w",))
    detailed = compare_in_detail(measures, [every, one])
    detailed["p_adjusted"] = [0.0001, 0.02]
    figure, _ = draw(FigureSpec("f", "methods", "dice", contrasts=("T2w",)), measures, detailed)
    assert stars(figure) == ["*"]
    dice = measures[(measures["metric"] == "dice") & (measures["contrast"] == "T2w")]
    mean = dice.loc[dice["method"] == "a", "value"].mean()
    assert any(text.startswith((f"{mean:.2f} ±", f"{mean:.3f} ±")) for text in texts(figure))


def bodies(figure: Figure) -> int:
    return sum(
        len(axis.collections) > 0 and isinstance(axis.collections[0], PolyCollection) for axis in figure.axes
    )


def test_below_eight_people_there_are_points_instead_of_violins() -> None:
    few, enough = (violins_by_method(wide(participants=n), NO_TESTS, "x") for n in (7, 8))
    assert (bodies(few), bodies(enough)) == (0, 1)


def test_each_persons_points_are_joined_and_gaps_are_not() -> None:
    values = pd.DataFrame({"a": [1.0, 2.0], "b": [1.5, np.nan], "c": [1.7, 2.2]})
    axis = violins_by_method(values, NO_TESTS, "x").axes[1]
    (lines,) = (one for one in axis.collections if isinstance(one, LineCollection))
    joined = [[y for _, y in segment] for segment in lines.get_segments()]
    assert joined == [pytest.approx([1.0, 1.5]), pytest.approx([1.5, 1.7])]


def test_an_outlier_is_named_and_its_name_leads_to_its_overlay() -> None:
    people = [f"sub-{i:02d}" for i in range(9)]
    values = pd.DataFrame({"a": [1.0, 1.1, 1.2, 1.3, 1.1, 1.2, 1.0, 1.3, 9.0]}, index=people)
    figure = violins_by_method(values, NO_TESTS, "x", links={("sub-08", "a"): "#image-3"})
    assert [text for text in texts(figure) if text.startswith("sub-")] == ["sub-08"]
    svg = figure_bytes(figure, "svg").decode()
    assert 'href="#image-3"' in svg
    assert ">sub-08<" in svg


def test_bland_altman_panels_share_axes_and_say_n() -> None:
    measures = make_measures(methods=("hard_all_SoftSeg", "soft_all"), participants=9)
    spec = FigureSpec("ba", "bland_altman", "csa_mm2", contrasts=("T1w", "T2w"))
    drawn = draw(spec, measures, compare_in_detail(measures, [Question("q", "csa_std_mm2")]))
    assert drawn is not None
    first, second = drawn[0].axes[:2]
    assert first.get_ylim() == second.get_ylim()
    assert "n = 9, mean" in first.get_title()
    assert len(first.lines) == 4, "zero, mean difference and two limits"


def test_the_colours_of_methods_differ_for_the_colour_blind_too() -> None:
    # Machado, Oliveira and Fernandes 2009, deuteranopia and protanopia, severity 1, linear RGB.
    seen_by = (
        np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
        np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    )
    rgb = np.array([to_rgb(colour) for colour in METHOD_COLOURS.values()]) ** 2.2
    for matrix in seen_by:
        seen = np.clip(rgb @ matrix.T, 0, 1) ** (1 / 2.2)
        apart = np.linalg.norm(seen[:, None] - seen[None], axis=2) + np.eye(len(seen))
        assert apart.min() > 0.06


def test_many_methods_make_a_matrix_of_effects() -> None:
    measures = make_measures([f"m{i}" for i in range(8)], participants=6, ground_truth=False)
    detailed = compare_in_detail(measures, [Question("q", "csa_std_mm2")])
    (spec,) = effect_figures([Question("q", "csa_std_mm2")])
    drawn = draw(spec, measures, detailed)
    assert drawn is not None
    (axis,) = drawn[0].axes
    assert len(axis.texts) == 8 * 7


def test_where_nobody_has_a_value_there_is_no_empty_figure() -> None:
    measures = make_measures(methods=("a", "b"), participants=4, ground_truth=False)
    measures.loc[measures["metric"].isin(["csa_mm2", "dice"]), "value"] = 0.0
    question = Question("q", "csa_std_mm2")
    detailed = compare_in_detail(measures, [question])
    for spec in (*effect_figures([question]), *default_figures([question])[:1]):
        assert draw(spec, measures, detailed) is None
