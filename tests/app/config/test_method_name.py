"""A run's folder is called after its method, whatever that is called."""

from pathlib import Path

import pytest

from softcord.app.config.method_name import run_name


@pytest.mark.parametrize("method", ["soft_all", "soft_all_epsilon0.5", "hard_all_SoftSeg", "soft_T1w_T2w"])
def test_usual_names_stay_as_they_were(method: str) -> None:
    assert run_name(method, 1, "1c4667abcd") == f"{method}_s1-1c4667"
    assert run_name(method, 2, "1c4667abcd", "sct") == f"{method}_s2-sct-1c4667"


@pytest.mark.parametrize("method", ["../elsewhere", "/root", "a/b", "..", "a\nb"])
def test_no_method_leaves_the_folder_of_its_study(method: str) -> None:
    name = run_name(method, 1, "1c4667")
    assert (Path("/outputs/study") / name).resolve().parent == Path("/outputs/study")
    assert name.isprintable()


def test_two_methods_never_share_a_folder() -> None:
    names = {run_name(method, 1, "1c4667") for method in ("a/b", "a%2Fb", "a b", "a_b", "a.b")}
    assert len(names) == 5
