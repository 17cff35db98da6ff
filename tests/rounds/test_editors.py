"""Which program opens a mask over its image, and how it is told to."""

import ast
from pathlib import Path

import pytest

from softcord.errors import UsageError
from softcord.rounds.editors import EDITORS, editor_command, viewer_command

FILES = Path("i.nii.gz"), Path("m.nii.gz")


def with_program(folder: Path, *names: str) -> dict[str, str]:
    """An environment in which only these programs are installed."""
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return {"PATH": str(folder)}


def test_an_editor_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match="no-such-editor is not on this machine"):
        editor_command(*FILES, {"SOFTCORD_EDITOR": "no-such-editor -x", "PATH": "/bin"})
    assert editor_command(*FILES, {"PATH": "/nowhere"}) is None


def test_the_editor_that_is_there_opens_the_draft_over_its_image(tmp_path: Path) -> None:
    found = editor_command(*FILES, with_program(tmp_path, "itksnap"))
    assert found == ["itksnap", "-g", "i.nii.gz", "-s", "m.nii.gz"]


def test_fsleyes_shows_the_soft_mask_in_red_from_0_to_1_over_its_image(tmp_path: Path) -> None:
    shown = ["fsleyes", "i.nii.gz", "m.nii.gz", "-cm", "red", "-a", "70", "-dr", "0", "1"]
    assert viewer_command(*FILES, with_program(tmp_path, "itksnap", "fsleyes")) == shown
    assert editor_command(*FILES, {"PATH": str(tmp_path)}) == shown


def test_fsleyes_is_shown_where_no_viewer_is_installed_or_only_an_editor_is_named() -> None:
    assert viewer_command(*FILES, {"PATH": "/nowhere"})[0] == "fsleyes"
    assert viewer_command(*FILES, {"PATH": "/nowhere", "SOFTCORD_EDITOR": "no-such-editor"})[0] == "fsleyes"


@pytest.mark.parametrize("name", EDITORS)
def test_the_viewer_that_is_installed_is_the_one_that_is_shown(name: str, tmp_path: Path) -> None:
    command = viewer_command(*FILES, with_program(tmp_path, name))
    assert command[0] == name
    assert all(any(str(path) in word for word in command) for path in FILES)


def test_a_soft_mask_is_looked_at_as_an_image_and_not_as_whole_labels(tmp_path: Path) -> None:
    snap = viewer_command(*FILES, with_program(tmp_path, "itksnap"))
    assert snap == ["itksnap", "-g", "i.nii.gz", "-o", "m.nii.gz"]
    (tmp_path / "itksnap").unlink()
    code = viewer_command(Path("it's.nii"), FILES[1], with_program(tmp_path, "Slicer"))[-1]
    ast.parse(code)
    assert '"it\'s.nii"' in code
    assert "loadSegmentation" not in code
    assert "SetWindowLevelMinMax(0, 1)" in code
