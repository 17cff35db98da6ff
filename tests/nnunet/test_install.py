"""Where nnU-Net is looked for."""

from pathlib import Path

import pytest

from softcord.errors import UsageError
from softcord.nnunet.install import find_nnunet


def install(folder: Path, *, python: bool = True) -> Path:
    folder.mkdir(parents=True)
    command = folder / "nnUNetv2_plan_and_preprocess"
    interpreter = folder.parent / "elsewhere"
    interpreter.touch()
    command.write_text(f"#!{interpreter}\nprint(1)\n")
    command.chmod(0o755)
    if python:
        (folder / "python").touch()
    return folder


def test_the_configured_folder_comes_first_then_the_environment_here_then_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    on_path = install(tmp_path / "path/bin")
    monkeypatch.setenv("PATH", str(on_path))
    assert find_nnunet().folder == on_path
    here = install(tmp_path / ".venv-nnunet/bin")
    assert find_nnunet().folder == here
    named = install(tmp_path / "named/bin")
    assert find_nnunet(named).folder == named
    assert find_nnunet(named).python == named / "python"


def test_the_commands_own_interpreter_is_taken_where_none_lies_beside_them(tmp_path: Path) -> None:
    folder = install(tmp_path / "bin", python=False)
    assert find_nnunet(folder).python == tmp_path / "elsewhere"


def test_a_missing_nnunet_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match=r"nnU-Net: not found in .* Install nnunetv2"):
        find_nnunet()
