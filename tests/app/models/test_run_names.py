"""One way to name a run: study, study/method, study/method@seed or a unique beginning."""

from pathlib import Path

import pytest

from softcord.app.models.find import checkpoint_of, model_path
from softcord.app.models.run_names import find_run, find_study
from softcord.errors import DataError, UsageError
from softcord.sweep.ledger import Run, State, record


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outputs")
    made: list[tuple[str, str, int, State]] = [
        ("mine", "soft_all", 1, "complete"),
        ("mine", "soft_all", 2, "complete"),
        ("mine", "soft_all_lr0.01", 1, "complete"),
        ("mine", "hard_all_SoftSeg", 1, "complete"),
        ("mine", "hard_all_BigAug", 1, "failed"),
        ("alone", "soft_all", 3, "complete"),
        ("mountain", "soft_all", 1, "complete"),
    ]
    for study, method, seed, state in made:
        name = f"{method}_s{seed}-abc"
        record(folder / study / name, Run(name, study, method, seed, "f", "c", ()), state)
    (folder / "mine/hard_all_SoftSeg_s1-abc/checkpoints").mkdir()
    (folder / "mine/hard_all_SoftSeg_s1-abc/checkpoints/best.ckpt").touch()
    return folder


@pytest.mark.parametrize(
    ("word", "run"),
    [
        ("alone", "alone/soft_all_s3-abc"),
        ("al", "alone/soft_all_s3-abc"),
        ("mine/hard_all_SoftSeg", "mine/hard_all_SoftSeg_s1-abc"),
        ("mine/hard", "mine/hard_all_SoftSeg_s1-abc"),
        ("mine/soft_all@2", "mine/soft_all_s2-abc"),
        ("mine/soft_all_s2", "mine/soft_all_s2-abc"),
        ("mine/soft_all_s1-abc", "mine/soft_all_s1-abc"),
        ("mine/soft_all_lr0.01", "mine/soft_all_lr0.01_s1-abc"),
        ("mine/soft_all_l", "mine/soft_all_lr0.01_s1-abc"),
        ("mou/soft", "mountain/soft_all_s1-abc"),
    ],
)
def test_a_run_answers_to_its_study_method_seed_and_unique_beginnings(
    word: str, run: str, outputs: Path
) -> None:
    assert find_run(word, outputs) == outputs / run
    assert model_path(word, outputs) == outputs / run


@pytest.mark.parametrize(
    ("word", "named"),
    [
        ("mine/soft_all", "Name one: mine/soft_all@1, mine/soft_all@2."),
        ("mine/soft", "Name one: mine/soft_all@1, mine/soft_all@2, mine/soft_all_lr0.01."),
        ("mine", "mine/hard_all_SoftSeg"),
        ("m/soft_all", "Name one: mine, mountain."),
    ],
)
def test_of_an_ambiguous_word_all_that_it_fits_is_listed(word: str, named: str, outputs: Path) -> None:
    with pytest.raises(UsageError) as error:
        find_run(word, outputs)
    assert named in str(error.value)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("mien/soft_all", "Did you mean mine?"),
        ("mine/sfot_all", "Did you mean mine/soft_all"),
        ("mine/soft_all@7", "is no finished run. Did you mean mine/soft_all@"),
        ("mine/hard_all_BigAug", "is no finished run. Did you mean mine/hard_all_SoftSeg?"),
        ("knee", "Studies: alone, mine, mountain"),
        ("mine/knee", "There are mine/"),
    ],
)
def test_of_an_unknown_word_the_nearest_is_listed(word: str, said: str, outputs: Path) -> None:
    with pytest.raises(DataError) as error:
        find_run(word, outputs)
    assert said in str(error.value)


def test_every_written_out_name_finds_its_run_again(outputs: Path) -> None:
    with pytest.raises(UsageError) as error:
        find_run("mine", outputs)
    words = error.value.hint.removeprefix("Name one: ").split(", ")
    assert len({find_run(word, outputs) for word in words}) == len(words) == 4


def test_a_checkpoint_is_named_after_its_run(outputs: Path) -> None:
    assert checkpoint_of("mine/soft_all@2@last") == ("mine/soft_all@2", "last")
    best = outputs / "mine/hard_all_SoftSeg_s1-abc/checkpoints/best.ckpt"
    assert model_path("mine/hard_all_SoftSeg@best", outputs) == best
    with pytest.raises(UsageError, match=r"no checkpoint last\. There is mine/hard_all_SoftSeg@best\."):
        model_path("mine/hard_all_SoftSeg@last", outputs)


def test_the_beginning_of_a_study_is_its_name(outputs: Path) -> None:
    assert find_study("mou", outputs) == outputs / "mountain"
    assert find_study("mine", outputs) == outputs / "mine"
