"""docs/extend.md: its files, written as they stand there, make a study outside the package."""

import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from softcord.app.config.compose import compose
from softcord.app.config.plan import make_plan
from softcord.app.main import main
from softcord.contrasts import CONTRASTS
from softcord.errors import UsageError
from softcord.measure.metrics import METRICS
from softcord.sweep.ledger import read_study
from tests.quick import QUICK

PAGE = Path(__file__).parents[3] / "docs/extend.md"
FILE = re.compile(r"^`([\w./]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SMALL = [one for one in QUICK if one.startswith(("machine.", "train."))]


def files() -> dict[str, str]:
    return dict(FILE.findall(PAGE.read_text(encoding="utf-8")))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with all files of the page; what softcord learns of it is forgotten afterwards."""
    for name, content in files().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SOFTCORD_ALLOW", raising=False)
    monkeypatch.delenv("SOFTCORD_CONF", raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])
    known = dict(CONTRASTS), dict(METRICS), set(sys.modules)
    yield tmp_path
    os.environ.pop("SOFTCORD_CONF", None)
    for registry, before in ((CONTRASTS, known[0]), (METRICS, known[1])):
        for name in set(registry) - set(before):
            del registry[name]  # type: ignore[attr-defined]
    for module in set(sys.modules) - known[2]:
        if module.startswith("my_"):
            del sys.modules[module]


def test_the_page_s_seven_parts_make_a_compared_study(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (commands,) = COMMANDS.findall(PAGE.read_text(encoding="utf-8"))
    for line in commands.splitlines():
        words = shlex.split(line)[1:]
        quick = SMALL if words[0] == "train" and "engine=brightest" not in words else SMALL[-3:]
        assert main([*words, *([] if words[0] in ("compare", "check") else quick)]) == 0, line
    said = capsys.readouterr().err
    assert (
        "conf is read before softcord's own configuration: augment=ghost, augment=monai, contrast=PSIR"
        in said
    )
    methods = {run.method for run in read_study(project / "outputs/mine")}
    assert "brightest_0.1" in methods
    assert any("PSIR" in method and "tversky" in method for method in methods)
    found = pd.read_csv(project / "outputs/mine/comparisons.csv")
    assert set(found["metric"]) == {"lost_volume_mm3"}
    for run in read_study(project / "outputs/mine"):
        table = pd.read_csv(project / "outputs/mine" / run.name / "measures.csv")
        lost = table[(table["metric"] == "lost_volume_mm3") & (table["method"] == run.method)]
        assert (lost["value"] >= 0).all()
        assert len(lost) > 0
        assert set(lost["unit"]) == {"mm3"}
        assert "PSIR" in set(lost["contrast"])


def test_an_edit_of_one_s_own_code_makes_another_run_and_an_edit_elsewhere_does_not(project: Path) -> None:
    def identity(*overrides: str) -> str:
        return make_plan(compose("phantom=tiny", "gt=hard", *overrides)).config_hash

    before, shipped = identity("loss=tversky"), identity()
    (project / "my_net.py").write_text("raise SystemExit\n")
    assert identity("loss=tversky") == before
    (project / "my_loss.py").write_text(f"import my_weights\n{files()['my_loss.py']}")
    edited = identity("loss=tversky")
    assert edited != before
    (project / "my_weights.py").write_text("WEIGHT = 2\n")
    assert identity("loss=tversky") != edited
    assert identity() == shipped


REFUSED = {
    ("loss.missd=1", "loss=tversky"): "loss.missd: is not a known key. Did you mean loss.missed?",
    ("loss=tversky", "loss.missed=much"): "loss.missed: Input should be a valid number",
    ("loss=tversky", "loss.missed=-1"): "loss.missed: must be >= 0",
    ("loss=tverski",): "loss=tverski: there is no such option. Did you mean tversky?",
    ("loss._target_=my_augment.Ghost",): "loss._target_: must be a Module, got Ghost",
    ("loss._target_=my_loss.nn.L1Loss",): "loss._target_: must be a class of softcord's for loss",
    ("model._target_=my_weights.Net",): "model._target_: must be a class of softcord's for model",
    ("contrasts=[PSIR,PSIRR]",): "contrasts: unknown contrast 'PSIRR'. Did you mean PSIR?",
}


@pytest.mark.parametrize("overrides", REFUSED)
def test_one_s_own_parts_are_checked_as_softcord_s_are(overrides: tuple[str, ...], project: Path) -> None:
    (project / "my_weights.py").write_text("raise SystemExit('imported')\n")

    def build_all() -> None:
        plan = make_plan(compose(*overrides))
        plan.loss()
        plan.net()

    with pytest.raises(UsageError) as caught:
        build_all()
    assert str(caught.value).startswith(REFUSED[overrides])


def test_a_loss_that_does_not_say_how_it_predicts_is_refused_before_training(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = project / "my_loss.py"
    path.write_text(path.read_text().replace('    prediction_activation = "sigmoid"\n', ""))
    assert main(["train", "loss=tversky", "loss.missed=0.6", *QUICK]) == 2
    assert "loss: Tversky has no prediction_activation" in capsys.readouterr().err


def test_only_the_project_s_own_conf_may_name_classes(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    (elsewhere / "experiments").mkdir()
    (elsewhere / "experiments/theirs.yaml").write_text("loss: {_target_: my_loss.Tversky}\n")
    monkeypatch.syspath_prepend(str(project))
    with pytest.raises(UsageError, match=r"loss\._target_: must be a class of softcord's for loss"):
        make_plan(compose("experiment=theirs")).loss()
    assert "my_loss" not in sys.modules


def test_a_conf_of_another_user_or_program_is_not_read_unless_it_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["train", "loss=tversky", "--cfg", "job", "-p", "loss"]
    with monkeypatch.context() as other:
        other.setattr(os, "geteuid", lambda: project.stat().st_uid + 1)
        assert main(asked) == 2
        assert "loss=tversky: there is no such option" in capsys.readouterr().err
        assert main([*asked, "--config-dir", "conf"]) == 0
        assert "my_loss.Tversky" in capsys.readouterr().out
    del os.environ["SOFTCORD_CONF"]
    (project / "conf/config.yaml").write_text("study: other\n")
    assert main(asked) == 2
    capsys.readouterr()
    assert main([*asked, "--config-dir=conf"]) == 2
    assert "config.yaml would take the place of softcord's own" in capsys.readouterr().err


def test_a_file_that_hides_a_shipped_option_is_said(project: Path, caplog: pytest.LogCaptureFixture) -> None:
    from softcord.app.own.folders import say_own_confs

    (project / "conf/loss/awing.yaml").write_text("_target_: my_loss.Tversky\n")
    with caplog.at_level("INFO", "softcord"):
        say_own_confs()
    assert "loss=awing is conf/loss/awing.yaml, not the one that softcord ships" in caplog.text


def test_a_module_that_has_an_installed_one_s_name_is_refused(project: Path) -> None:
    (project / "pandas.py").write_text("raise SystemExit\n")
    (project / "conf/loss/mine.yaml").write_text("_target_: pandas.Loss\n")
    with pytest.raises(UsageError, match=r"pandas\.py: has the name of another Python module"):
        make_plan(compose("loss=mine")).loss()
