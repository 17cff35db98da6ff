"""Models under a name: versions that stay, aliases that move, and a card that says what is known."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml

import softcord
from softcord.app.models.find import find_model, registered_version
from softcord.app.models.start_from import start_label
from softcord.app.models.trained import find_trained
from softcord.app.records.model_facts import run_of, with_facts
from softcord.app.verbs.model import main, parser
from softcord.errors import RunError, UsageError
from softcord.nets.unet import UNet
from softcord.predict.package import (
    Model,
    ModelDescription,
    NetDescription,
    TrainedOn,
    weights_sha256,
    write_package,
)
from softcord.predict.package_files import DESCRIPTION, sha256
from softcord.sweep.ledger import Run, record
from softcord.track import registry
from softcord.track.store import Store, open_store

OUTPUTS, STORE = Path("outputs"), Path("mlruns")
AREAS = {"sub-01": 1.0, "sub-02": 2.0, "sub-03": 3.0}


def model(seed: int) -> Model:
    torch.manual_seed(seed)
    arguments = {"features": [2, 4], "strides": [[1, 1, 1], [2, 2, 2]], "convs_per_stage": 1}
    described = ModelDescription(
        "soft_all",
        NetDescription("softcord.nets.unet.UNet", arguments),
        (16, 16, 16),
        "clip",
        trained_on=(TrainedOn("neck", "sha256:1", ("T1w", "T2w"), ("sub-10", "sub-11"), ("sub-12",)),),
        provenance={"study": "mine", "run": f"soft_all_s{seed}-abc"},
    )
    return Model(UNet((2, 4), ((1, 1, 1), (2, 2, 2)), convs_per_stage=1), described)


def make_run(seed: int) -> None:
    """A finished run: its package, its split, and CSA errors of 1, 2 and 3 mm² in three people."""
    name = f"soft_all_s{seed}-abc"
    folder = OUTPUTS / "mine" / name
    record(folder, Run(name, "mine", "soft_all", seed, "f", "c", ()), "complete")
    write_package(folder / "model", model(seed))
    split = {"train": ["sub-10", "sub-11"], "val": ["sub-12"], "test": list(AREAS)}
    (folder / "split.yaml").write_text(yaml.safe_dump(split))
    (folder / "config.yaml").write_text(yaml.safe_dump({"levels": "2:3", "data": {"name": "neck"}}))
    labels = {
        "run": name,
        "method": "soft_all",
        "gt": "soft",
        "contrasts_trained": "T1w T2w",
        "loss": "awing",
        "seed": seed,
    }
    rows = [
        {**labels, "participant_id": who, "session_id": "", "contrast": "T2w", "level": "2:3"}
        | {"metric": "csa_abs_error_mm2", "value": value, "unit": "mm2"}
        for who, value in AREAS.items()
    ]
    pd.DataFrame(rows).to_csv(folder / "measures.csv", index=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs, alike but for their seed; the first is cord@candidate. Making a store takes seconds."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        make_run(1)
        make_run(2)
        said = ["-note", "the first", "-licence", "CC-BY-4.0", "-not-for", "children"]
        assert main(["promote", "mine/soft_all@1", "cord@candidate", *said]) == 0
    return folder


@pytest.fixture
def here(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(home)
    return home


def test_an_alias_names_the_model_wherever_a_model_is_named(here: Path) -> None:
    expected = weights_sha256(model(1))
    for word in ("cord@candidate", "models:/cord@candidate", "models:/cord/1"):
        assert weights_sha256(find_model(word, OUTPUTS, STORE)) == expected
    trained = find_trained("cord@candidate", OUTPUTS, STORE)
    assert trained.identity == {"every": expected}
    assert start_label("cord@candidate", OUTPUTS, STORE) == "cord-v1"
    assert registered_version("mine/soft_all@1", OUTPUTS, STORE) is None


def test_the_card_says_what_the_run_measured_on_whom_and_what_it_is_not_for(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", "cord@candidate"]) == 0
    card = capsys.readouterr().out
    # 2 ± 4.303 * 1 / sqrt(3), by a table of t.
    assert "| csa_abs_error_mm2 (mm²) | all | 3 | 2 | -0.484 to 4.48 |" in card.replace("(mm2)", "(mm²)")
    assert "on neck, levels 2:3" in card
    assert "seeds: 1; trained alike with 2" in card
    assert "split: 2 to train, 1 to validate, 3 to test" in card
    assert "contrasts other than T1w, T2w" in card
    assert "- children" in card
    assert "licence: CC-BY-4.0" in card
    assert "Not compared" in card
    assert f"sha256 {weights_sha256(model(1))}" in card


def test_what_a_run_measured_is_said_of_its_own_model_only(here: Path) -> None:
    run_dir = OUTPUTS / "mine/soft_all_s1-abc"
    assert run_of(run_dir) == run_of(run_dir / "model") == run_dir
    assert run_of(run_dir / "checkpoints/last.ckpt") is None
    assert run_of(run_dir / "given.zip") is None
    assert run_of(run_dir / "models/T1w/model") is None


def test_what_was_measured_of_validation_participants_is_no_test_and_not_on_the_card(here: Path) -> None:
    run_dir = OUTPUTS / "mine/soft_all_s1-abc"
    config = (run_dir / "config.yaml").read_text()
    assert with_facts(model(1), run_dir).description.measured
    (run_dir / "config.yaml").write_text(f"{config}measured_on: val\n")
    assert with_facts(model(1), run_dir).description.measured == ()
    (run_dir / "config.yaml").write_text(config)


def test_a_version_stays_as_it_is_when_its_run_is_made_anew(here: Path) -> None:
    write_package(OUTPUTS / "mine/soft_all_s1-abc/model", model(7))
    assert weights_sha256(find_model("cord@candidate", OUTPUTS, STORE)) == weights_sha256(model(1))
    write_package(OUTPUTS / "mine/soft_all_s1-abc/model", model(1))


def test_promoting_moves_an_alias_and_the_same_again_makes_no_new_version(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["promote", "cord@candidate", "cord@stable"]) == 0
    assert main(["promote", "mine/soft_all@2", "cord@candidate", "-note", "other seed"]) == 0
    assert main(["promote", "mine/soft_all@2", "cord@candidate"]) == 0
    assert "is version 2 of cord" in capsys.readouterr().out
    stable, candidate = (registered_version(f"cord@{one}", OUTPUTS, STORE) for one in ("stable", "candidate"))
    assert stable is not None
    assert candidate is not None
    assert (stable.number, candidate.number) == (1, 2)
    assert main(["list"]) == 0
    table = capsys.readouterr().out
    assert "mine/soft_all_s2-abc" in table
    assert "other seed" in table
    assert main(["show", "cord"]) == 0
    newest, oldest = capsys.readouterr().out.splitlines()[1:]
    assert (newest.split()[:2], oldest.split()[:2]) == (["2", "candidate"], ["1", "stable"])


def test_a_version_that_differs_by_its_card_alone_keeps_what_changed(here: Path) -> None:
    assert main(["promote", "mine/soft_all@2", "noted@left", "-note", "other seed"]) == 0
    assert main(["promote", "noted@left", "noted@right", "-not-for", "children"]) == 0
    found = [registered_version(f"noted@{one}", OUTPUTS, STORE) for one in ("left", "right")]
    assert [(one.number, one.note) for one in found if one] == [(1, "other seed"), (2, "other seed")]


def test_of_two_that_promote_one_model_at_once_the_second_finds_the_version_of_the_first(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = registry.versions

    def slow_look(store: Store, name: str | None = None) -> list[registry.Version]:
        found = look(store, name)
        time.sleep(0.2)  # so that both would have looked before either has registered
        return found

    monkeypatch.setattr(registry, "versions", slow_look)
    given = [parser().parse(["promote", "mine/soft_all@1", f"twice@{one}"]) for one in ("left", "right")]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda one: one.verb(one), given)) == [0, 0]
    (version,) = look(open_store(STORE), "twice")
    assert (version.number, version.aliases) == (1, ("left", "right"))


@pytest.mark.parametrize(
    ("move_first", "code", "says"),
    [
        (True, 0, "race@best: was at version 2, which another promotion had moved it to"),
        (False, 1, "race@best: points at version 2, as another promotion moved it right after this one"),
    ],
)
def test_a_promotion_by_another_machine_in_between_is_said(
    move_first: bool,
    code: int,
    says: str,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for seed in (1, 2):
        assert main(["promote", f"mine/soft_all@{seed}", "race@other"]) == 0
    first, second = (registered_version(f"models:/race/{n}", OUTPUTS, STORE) for n in (1, 2))
    assert first is not None
    assert second is not None
    registry.set_alias(open_store(STORE), first, "best")
    move, look = registry.set_alias, registry.find_version

    def move_and_be_late(store: Store, version: registry.Version, alias: str) -> None:
        move(store, version, alias)
        move(store, second, alias)

    def look_and_be_late(store: Store, word: str) -> registry.Version | None:
        found = look(store, word)
        move(store, second, "best")
        return found

    monkeypatch.setattr(
        registry, *("find_version", look_and_be_late) if move_first else ("set_alias", move_and_be_late)
    )
    capsys.readouterr()
    assert main(["promote", "models:/race/1", "race@best"]) == code
    captured = capsys.readouterr()
    assert captured.err.startswith(f"softcord: {says}")
    assert captured.err.count("\n") == 1


@pytest.mark.slow
def test_of_two_processes_that_promote_one_model_at_once_one_waits(here: Path) -> None:
    promote = [sys.executable, "-m", "softcord", "model", "promote", "mine/soft_all@2"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    begun = [subprocess.Popen([*promote, f"both@{one}"], env=environment) for one in ("left", "right")]
    assert [one.wait(300) for one in begun] == [0, 0]
    (version,) = registry.versions(open_store(STORE), "both")
    assert version.aliases == ("left", "right")


def test_a_server_that_does_not_answer_stops_only_who_needs_it(
    here: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint = OUTPUTS / "lone/soft_all_s1-abc/checkpoints/best.ckpt"
    record(
        checkpoint.parents[1],
        Run(checkpoint.parents[1].name, "lone", "soft_all", 1, "f", "c", ()),
        "complete",
    )
    checkpoint.parent.mkdir()
    checkpoint.touch()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{taken.getsockname()[1]}")
        assert registered_version("lone@best", OUTPUTS, STORE) is None
        assert "lone@best is taken for the run's checkpoint here" in caplog.text
        for word in ("cord@candidate", "models:/cord/1", "lone@worst"):
            with pytest.raises(RunError, match="does not answer"):
                registered_version(word, OUTPUTS, STORE)
        with pytest.raises(RunError, match="does not answer"):
            softcord.load_model("lone@worst")
        for word in ("lone@2", "some/lone@worst"):  # a run of seed 2, a run's checkpoint: no names of models
            with pytest.raises(UsageError, match="is not there"):
                softcord.load_model(word)
    shutil.rmtree(OUTPUTS / "lone")


def test_a_registered_model_is_loaded_in_python_as_well(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["promote", "models:/cord/1", "cord@first"]) == 0
    for word in ("cord@first", "models:/cord/1"):
        assert weights_sha256(softcord.load_model(word).model) == weights_sha256(model(1))
    assert "Downloading" not in capsys.readouterr().err
    for word in ("cord@nothing", "models:/cord/99"):
        with pytest.raises(UsageError, match="is not there"):
            softcord.load_model(word)
    with pytest.raises(UsageError, match="cord@candidate: is not there"):
        softcord.load_model("cord@candidate", store=tmp_path / "none")
    assert list(tmp_path.iterdir()) == []


def test_drift_is_told_only_of_these_weights_and_of_those_before(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["promote", "mine/soft_all@1", "gated@best"]) == 0
    old, new = weights_sha256(model(1)), weights_sha256(model(2))
    said = {"sentence": "Equivalent: it measures as before.", "old_weights_sha256": old}
    promote = ["promote", "mine/soft_all@2", "gated@best", "-drift", "drift.json"]
    for other in ({"new_weights_sha256": old}, {"new_weights_sha256": new, "old_weights_sha256": new}, {}):
        Path("drift.json").write_text(json.dumps(said | other))
        assert main(promote) == 3
    Path("drift.json").write_text(json.dumps(said | {"new_weights_sha256": new}))
    assert main(promote) == 0
    capsys.readouterr()
    assert main(["show", "gated@best"]) == 0
    assert "Equivalent: it measures as before." in capsys.readouterr().out


def test_a_word_that_is_a_registered_model_and_a_checkpoint_is_asked_about(here: Path) -> None:
    assert main(["promote", "mine/soft_all@1", "lone@best"]) == 0
    name = "soft_all_s1-abc"
    record(OUTPUTS / "lone" / name, Run(name, "lone", "soft_all", 1, "f", "c", ()), "complete")
    (OUTPUTS / "lone" / name / "checkpoints").mkdir()
    (OUTPUTS / "lone" / name / "checkpoints/best.ckpt").touch()
    with pytest.raises(UsageError, match="both a registered model and a run's checkpoint"):
        find_model("lone@best", OUTPUTS, STORE)
    shutil.rmtree(OUTPUTS / "lone")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["promote", "mine/soft_all@1", "cord"], 2, "must be NAME@ALIAS"),
        (["promote", "mine/soft_all@1", "neck@latest"], 2, "is no alias"),
        (["promote", "mine/soft_all@1", "neck@V1"], 2, "is no alias"),
        (["promote", "mine/soft_all", "cord@best"], 2, "names 2 runs"),
        (["promote", "nowhere", "cord@best"], 2, "is no model"),
        (["show", "cord@nothing"], 2, "is no model"),
        (["show", "models:/cord/99"], 2, "is no registered model"),
        (["test", "mine/soft_all@1"], 3, "carries no self-test"),
        (["test", "mine/soft_all@1", "-threads", "0"], 2, "must be at least 1"),
        (["show", "newer"], 3, "format"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    words: list[str], code: int, says: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = write_package(here / "newer", model(1))
    newer_description = json.loads((newer / DESCRIPTION).read_text()) | {"format": 2}
    (newer / DESCRIPTION).write_text(json.dumps(newer_description))
    sums = (newer / "sha256.txt").read_text().splitlines()[1:]
    digest = sha256((newer / DESCRIPTION).read_bytes())
    (newer / "sha256.txt").write_text("\n".join([f"{digest}  {DESCRIPTION}", *sums]))
    assert main(words) == code
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert main(["list"]) == 0
    assert "neck" not in capsys.readouterr().out  # what was refused is not registered either


def test_without_a_store_there_is_nothing_and_none_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["list"]) == 0
    assert "No model is registered" in capsys.readouterr().out
    assert main(["show", "cord@best"]) == 2
    assert list(tmp_path.iterdir()) == []
