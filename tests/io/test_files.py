"""Files appear whole under their name, with the mode that the user's umask or the file before them has."""

import ast
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from softcord.io.files import replacing, replacing_folder, write_bytes, write_json, write_text
from softcord.io.nifti import write_volume
from softcord.measure.table import measures_frame, write_measures

ROOT = Path(__file__).parents[2]
WRITERS: dict[str, Callable[[Path], None]] = {
    "bytes": lambda path: write_bytes(path, b"new"),
    "text": lambda path: write_text(path, "new"),
    "json": lambda path: write_json(path, {"new": 1}),
    "volume": lambda path: write_volume(path.with_suffix(".nii.gz"), np.zeros((2, 2, 2)), np.eye(4)),
    "measures": lambda path: write_measures(path, measures_frame([])),
}


@pytest.fixture(params=[0o022, 0o027, 0o077, 0o002], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("writer", WRITERS)
def test_a_new_file_has_what_the_umask_leaves(writer: str, umask: int, tmp_path: Path) -> None:
    WRITERS[writer](tmp_path / "made" / "file")
    (made,) = (tmp_path / "made").iterdir()
    assert mode(made) == 0o666 & ~umask


def test_a_file_keeps_the_mode_of_the_one_it_replaces(umask: int, tmp_path: Path) -> None:
    path = tmp_path / "shared.csv"
    path.write_text("old")
    path.chmod(0o664)
    write_text(path, "new")
    assert (path.read_text(), mode(path)) == ("new", 0o664)


def test_a_link_is_replaced_and_what_it_points_to_is_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("old")
    kept.chmod(0o444)
    (tmp_path / "link").symlink_to(kept)
    write_text(tmp_path / "link", "new")
    assert kept.read_text() == "old"
    assert (tmp_path / "link").read_text() == "new"
    assert not (tmp_path / "link").is_symlink()
    assert mode(tmp_path / "link") & 0o200


def interrupt(block: AbstractContextManager[Path], write: Callable[[Path], object]) -> None:
    with block as temporary:
        write(temporary)
        raise KeyboardInterrupt


@pytest.mark.parametrize("durable", [False, True])
def test_an_error_leaves_the_old_file_and_nothing_else(durable: bool, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        interrupt(replacing(path, durable=durable), lambda temporary: temporary.write_text("half"))
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == {"table.csv": "old"}


def test_a_temporary_file_is_hidden_and_has_the_extension_that_writers_look_at(tmp_path: Path) -> None:
    for name in ("mask.nii.gz", "soft_all_epsilon0.5.png"):
        with replacing(tmp_path / name) as temporary:
            assert temporary.name.startswith(".")
            assert temporary.name.endswith((".nii.gz", ".png"))


def test_what_a_killed_process_left_half_written_goes_when_the_file_is_written_again(tmp_path: Path) -> None:
    script = """
import os, signal, sys
from softcord.io.files import replacing
with replacing(sys.argv[1]) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    target = tmp_path / "mask.nii.gz"
    subprocess.run([sys.executable, "-c", script, str(target)], check=False)
    (left,) = tmp_path.iterdir()
    assert left.read_text() == "half"
    write_text(tmp_path / "other.nii.gz", "whole")
    assert left.exists()  # of another file: nobody knows yet that it is written no more
    write_text(target, "whole")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == dict.fromkeys(
        ("mask.nii.gz", "other.nii.gz"), "whole"
    )


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="only Linux has files without a name")
def test_a_process_killed_before_its_temporary_file_has_its_name_leaves_nothing(tmp_path: Path) -> None:
    script = """
import os, signal, sys
from softcord.io.files import write_text
os.link = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
write_text(sys.argv[1], "new")
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "mask.nii.gz")], check=False)
    assert done.returncode == -9
    assert list(tmp_path.iterdir()) == []


def test_where_every_file_has_a_name_from_the_start_it_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    write_text(tmp_path / "table.csv", "whole")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"table.csv": "whole"}


@pytest.mark.parametrize(
    "moment", ["while it is written", "between the two renames", "while the old one goes"]
)
def test_what_a_killed_process_left_of_a_folder_goes_when_it_is_written_again(
    moment: str, tmp_path: Path
) -> None:
    script = """
import os, pathlib, shutil, signal, sys
from softcord.io.files import replacing_folder
folder, moment = pathlib.Path(sys.argv[1]), sys.argv[2]
die = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
if moment == "while the old one goes":
    shutil.rmtree = die
with replacing_folder(folder) as temporary:
    (temporary / "half").touch()
    if moment == "while it is written":
        die()
    if moment == "between the two renames":
        rename = pathlib.Path.rename
        pathlib.Path.rename = lambda one, to: die() if one == temporary else rename(one, to)
"""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "old").touch()
    subprocess.run([sys.executable, "-c", script, str(folder), moment], check=False)
    assert len([one for one in tmp_path.iterdir() if one.name.startswith(".")]) == 1
    with pytest.raises(KeyboardInterrupt):
        interrupt(replacing_folder(folder), lambda temporary: (temporary / "half").touch())
    assert [one.name for one in tmp_path.iterdir()] == ["model"]
    assert [one.name for one in folder.iterdir()] == ["half" if moment == "while the old one goes" else "old"]
    with replacing_folder(folder) as temporary:
        (temporary / "new").touch()
    assert sorted(str(one.relative_to(tmp_path)) for one in tmp_path.rglob("*")) == ["model", "model/new"]


def test_what_a_process_left_that_was_killed_before_it_locked_its_folder_goes_too(tmp_path: Path) -> None:
    script = """
import fcntl, os, signal, sys
from softcord.io.files import replacing_folder
fcntl.flock = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with replacing_folder(sys.argv[1]):
    pass
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "model")], check=False)
    assert done.returncode == -9
    with replacing_folder(tmp_path / "model") as temporary:
        (temporary / "new").touch()
    assert sorted(str(one.relative_to(tmp_path)) for one in tmp_path.rglob("*")) == ["model", "model/new"]


def test_two_that_write_one_folder_at_once_both_write_it_whole(tmp_path: Path) -> None:
    with replacing_folder(tmp_path / "model") as first:
        (first / "first").touch()
        with replacing_folder(tmp_path / "model") as second:
            (second / "second").touch()
        assert [one.name for one in (tmp_path / "model").iterdir()] == ["second"]
    assert [str(one.relative_to(tmp_path)) for one in tmp_path.rglob("*")] == ["model", "model/first"]


def test_two_that_write_one_file_at_once_both_write_it_whole(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    with replacing(target) as first:
        first.write_text("first")
        with replacing(target) as second:
            second.write_text("second")
        assert target.read_text() == "second"
        assert first.read_text() == "first"
    assert target.read_text() == "first"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_is_written_where_there_are_no_links_or_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(95, "Operation not supported")

    for name in ("os.link", "fcntl.flock"):
        with monkeypatch.context() as without:
            without.setattr(name, refuse)
            write_text(tmp_path / "table.csv", name)
            with replacing_folder(tmp_path / "model") as temporary:
                (temporary / name).touch()
        assert (tmp_path / "table.csv").read_text() == name
        assert [one.name for one in (tmp_path / "model").iterdir()] == [name]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["model", "table.csv"]


def test_a_name_as_long_as_the_file_system_allows_can_be_written(tmp_path: Path) -> None:
    name = "x" * 251 + ".csv"
    write_text(tmp_path / name, "new")
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_a_folder_is_replaced_as_a_whole(umask: int, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "old").touch()
    with replacing_folder(folder) as temporary:
        (temporary / "new").touch()
        assert (folder / "old").exists()
    assert [one.name for one in tmp_path.iterdir()] == ["model"]
    assert [one.name for one in folder.iterdir()] == ["new"]
    assert mode(folder) == 0o777 & ~umask


def test_a_link_or_a_file_in_the_folder_s_place_leaves_nothing_behind(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "one").touch()
    (tmp_path / "link").symlink_to(kept)
    (tmp_path / "file").touch()
    for name in ("link", "file"):
        with replacing_folder(tmp_path / name) as temporary:
            (temporary / "new").touch()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "kept", "link"]
    assert [one.name for one in kept.iterdir()] == ["one"]


def test_an_error_leaves_the_old_folder(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "old").touch()
    with pytest.raises(KeyboardInterrupt):
        interrupt(replacing_folder(folder), lambda temporary: (temporary / "new").touch())
    assert [str(one.relative_to(tmp_path)) for one in sorted(tmp_path.rglob("*"))] == ["model", "model/old"]


# A script for nnU-Net's own environment, in which there is no softcord.
ALONE = {"nnunet/predict_images.py"}


def test_nothing_else_renames_or_sets_modes() -> None:
    own = {
        "os.replace",
        "os.rename",
        "os.chmod",
        "NamedTemporaryFile",
        "mkstemp",
        "mkdtemp",
        "tempfile.mkdtemp",
    }
    found = []
    for path in (ROOT / "softcord").rglob("*.py"):
        name = path.relative_to(ROOT / "softcord").as_posix()
        if name == "io/files.py" or name in ALONE:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called in own or called.endswith(".chmod"):
                    found.append(f"{name}: {called}")
    assert found == []
