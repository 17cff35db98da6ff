import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from softcord.data import fetch
from softcord.data.fetch import (
    Wanted,
    clone_dataset,
    fetch_files,
    in_words,
    wanted_files,
)
from softcord.data.identity import dataset_identity
from softcord.data.index import index_dataset
from softcord.errors import RunError, UsageError
from tests.data.pointers import LFS_POINTER

PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
needs_annex = pytest.mark.skipif(
    shutil.which("git-annex", path=PATH) is None, reason="git-annex is not installed"
)
WHO = {f"GIT_{role}_{what}": "t" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def run(folder: Path, *command: str) -> None:
    environment = os.environ | WHO | {"PATH": PATH}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)


@pytest.fixture
def published(cord: Path, request: pytest.FixtureRequest) -> Path:
    """The dataset of two participants as a git-annex repository with a tag, as links or pointers."""
    run(cord, "git", "init", "-q")
    run(cord, "git", "annex", "init", "-q")
    kind = getattr(request, "param", "unlocked")
    attributes = "* annex.largefiles=nothing\n*.nii.gz filter=annex annex.largefiles=anything\n"
    (cord / ".gitattributes").write_text(attributes)
    run(cord, "git", "config", "annex.addunlocked", str(kind == "unlocked").lower())
    run(cord, "git", "annex", "add", "-q", ".")
    run(cord, "git", "add", ".")
    run(cord, "git", "commit", "-q", "-m", "data")
    run(cord, "git", "tag", "r1")
    return cord


def wanted(root: Path, gt: str = "hard", contrasts: tuple[str, ...] = ("T1w", "T2w")) -> Wanted:
    return wanted_files(index_dataset(root), gt, contrasts)  # type: ignore[arg-type]


@needs_annex
@pytest.mark.parametrize("published", ["locked", "unlocked"], indirect=True)
def test_a_clone_has_no_images_until_those_wanted_are_fetched(published: Path, tmp_path: Path) -> None:
    root = tmp_path / "here"
    assert clone_dataset(str(published), root, "r1")
    assert set(index_dataset(root)["image_state"]) == {"not_downloaded"}
    pointed = dataset_identity(root, index_dataset(root), cache_dir=tmp_path / "cache")
    files = wanted(root, contrasts=("T2w",))
    assert files.n_bytes == sum(
        (published / Path(one).relative_to(root)).stat().st_size for one in files.files
    )
    names: list[str] = []
    assert fetch_files(root, files, on_done=names.append) == []
    assert sorted(names) == sorted(Path(one).name for one in files.files)
    states = index_dataset(root).set_index(["participant_id", "contrast"])["image_state"]
    assert states.xs("T2w", level="contrast").eq("present").all()
    assert states.xs("T1w", level="contrast").eq("not_downloaded").all()
    assert wanted(root, contrasts=("T2w",)).files == ()
    assert dataset_identity(root, index_dataset(root), cache_dir=tmp_path / "cache") == pointed
    assert pointed.startswith("git:")


@needs_annex
def test_a_fetch_that_was_cut_off_goes_on_where_it_stopped(published: Path, tmp_path: Path) -> None:
    root = tmp_path / "here"
    clone_dataset(str(published), root, "r1")

    def interrupt(name: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_files(root, wanted(root), jobs=1, on_done=interrupt)
    left = wanted(root)
    assert fetch_files(root, left) == []
    assert wanted(root).files == ()
    assert not clone_dataset(str(published), root, "r1")


@needs_annex
def test_content_with_a_wrong_checksum_is_refused_by_name(published: Path, tmp_path: Path) -> None:
    root = tmp_path / "here"
    clone_dataset(str(published), root, "r1")
    for content in (published / ".git/annex/objects").rglob("*.nii.gz"):
        if content.is_file():
            content.parent.chmod(0o755)
            content.chmod(0o644)
            size = content.stat().st_size
            content.unlink()
            content.write_bytes(b"x" * size)
    missed = fetch_files(root, wanted(root))
    assert len(missed) == len(wanted(root).files) > 0
    assert all(one.reason for one in missed)


@needs_annex
def test_a_folder_that_is_something_else_is_left_alone(published: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    for place in (tmp_path / "full", tmp_path / "full" / "file"):
        with pytest.raises(UsageError, match="neither empty nor a git repository"):
            clone_dataset(str(published), place, "r1")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["file"]
    clone_dataset(str(published), tmp_path / "here", "r1")
    run(tmp_path / "here", "git", "commit", "-q", "--allow-empty", "-m", "mine")
    with pytest.raises(UsageError, match="is not at version r1"):
        clone_dataset(str(published), tmp_path / "here", "r1")


@needs_annex
def test_a_version_or_address_that_does_not_exist_leaves_nothing_behind(
    published: Path, tmp_path: Path
) -> None:
    for url, version in ((str(published), "r9"), (str(tmp_path / "nowhere"), "r1")):
        with pytest.raises(RunError, match="git failed") as caught:
            clone_dataset(url, tmp_path / "new" / "here", version)
        assert str(caught.value).startswith(f"{url} {version}: ")
        assert "\n" not in str(caught.value)
    assert list((tmp_path / "new").iterdir()) == []


@needs_annex
def test_the_slower_of_two_clones_finds_the_other_s(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, git = tmp_path / "new" / "here", fetch._git

    def overtaken(folder: Path, *arguments: str) -> str:
        said = git(folder, *arguments)
        if "clone" in arguments:
            monkeypatch.undo()
            assert clone_dataset(str(published), root, "r1")
        return said

    monkeypatch.setattr(fetch, "_git", overtaken)
    assert not clone_dataset(str(published), root, "r1")
    assert list((tmp_path / "new").iterdir()) == [root]


# Reports on files as git-annex does, and takes no more names while nobody reads its reports.
GIT_ANNEX = """#!/bin/sh
while read -r name; do
    printf content > "$name"
    printf '{"command":"get","file":"%s","success":true,"padding":"%0400d"}\\n' "$name" 0
done
"""


def test_thousands_of_files_are_fetched_as_one_is(
    tree: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"sub-{i:04}/anat/sub-{i:04}_T2w.nii.gz" for i in range(2500)]
    root = tree(*names, content="/annex/objects/SHA256E-s5--00.nii.gz")
    program = tmp_path / "bin" / "git-annex"
    program.parent.mkdir()
    program.write_text(GIT_ANNEX)
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program.with_name("python")))
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    files, done = Wanted(tuple(str(root / name) for name in names), 1), list[str]()
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.alarm(60)
    try:
        assert fetch_files(root, files, on_done=done.append) == []
    finally:
        signal.alarm(0)
    assert len(done) == 2500


def test_sizes_come_from_the_pointers(release: Callable[[str], Path]) -> None:
    root = release("r20250310")
    files = wanted_files(index_dataset(root), "soft", ("T2w",))
    # 267 images, 243 soft labels and 24 hard masks instead, 267 disc labels
    assert len(files.files) == 267 + 243 + 24 + 267
    assert files.n_bytes > 1e9


def test_a_missing_tool_is_one_line_with_the_way_out(
    tree: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tree("sub-01/anat/sub-01_T2w.nii.gz", content="/annex/objects/SHA256E-s5--00.nii.gz")
    monkeypatch.setattr(shutil, "which", lambda tool, path: None if tool == "git-annex" else tool)
    with pytest.raises(RunError, match=r"git-annex: is not installed\. Install it: pip install"):
        fetch_files(root, wanted(root))


def test_a_disk_that_is_too_small_is_said_before_it_starts(tree: Callable[..., Path]) -> None:
    root = tree("sub-01/anat/sub-01_T2w.nii.gz", content="/annex/objects/SHA256E-s900000000000000--00.nii.gz")
    with pytest.raises(RunError, match="needs 900 TB"):
        fetch_files(root, wanted(root))


def test_files_of_git_lfs_are_refused_with_the_command_that_gets_them(tree: Callable[..., Path]) -> None:
    root = tree("sub-01/anat/sub-01_T2w.nii.gz", content=LFS_POINTER)
    assert wanted(root).n_bytes == 4321
    with pytest.raises(RunError, match=r"1 files are kept by git LFS, not git-annex\. Run `git lfs pull`"):
        fetch_files(root, wanted(root))


@pytest.mark.parametrize(
    ("n", "words"), [(0, "0 bytes"), (999, "999 bytes"), (9_700_000_000, "9.7 GB"), (2e12, "2 TB")]
)
def test_sizes_are_written_for_people(n: float, words: str) -> None:
    assert in_words(n) == words
