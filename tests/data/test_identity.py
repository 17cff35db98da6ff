import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from softcord.data.filehash import HASHES, content_hash, known_hashes
from softcord.data.identity import dataset_identity
from softcord.data.index import index_dataset

CONTENT = b"the image"


def identity(root: Path, cache_dir: Path) -> str:
    return dataset_identity(root, index_dataset(root), cache_dir=cache_dir)


def git(root: Path, *arguments: str) -> None:
    who = ["-c", "user.name=n", "-c", "user.email=n@example.org"]
    subprocess.run(["git", "-C", str(root), *who, *arguments], check=True, capture_output=True)


def test_a_copy_elsewhere_has_the_same_identity_and_a_changed_label_another(
    cord: Path, tmp_path: Path
) -> None:
    before = identity(cord, tmp_path / "cache")
    copy = Path(shutil.copytree(cord, tmp_path / "copy"))
    assert identity(copy, tmp_path / "cache") == before
    label = copy / "derivatives/labels/sub-01/anat/sub-01_T2w_label-SC_seg.nii.gz"
    label.write_bytes(label.read_bytes() + b"x")
    assert identity(copy, tmp_path / "cache") != before


def test_a_file_that_is_no_image_or_label_changes_nothing(cord: Path, tmp_path: Path) -> None:
    before = identity(cord, tmp_path / "cache")
    (cord / "README").write_text("hello")
    assert identity(cord, tmp_path / "cache") == before


def test_soft_labels_count_unless_softcord_built_them_from_hard_masks(cord: Path, tmp_path: Path) -> None:
    before = identity(cord, tmp_path / "cache")
    softseg = cord / "derivatives/labels_softseg/sub-01/anat/sub-01_T2w_label-SC_softseg.nii.gz"
    softseg.parent.mkdir(parents=True)
    softseg.write_bytes(b"values")
    assert identity(cord, tmp_path / "cache") != before
    sidecar = softseg.with_name("sub-01_T2w_label-SC_softseg.json")
    sidecar.write_text('{"GeneratedBy": [{"Name": "softcord"}], "Fingerprint": "a"}')
    assert identity(cord, tmp_path / "cache") == before
    sidecar.write_text('{"GeneratedBy": [{"Name": "softcord"}], "SoftcordRound": "corrected"}')
    first = identity(cord, tmp_path / "cache")
    softseg.write_bytes(b"values that were corrected once more")
    assert before != first != identity(cord, tmp_path / "cache") != before


def test_downloading_a_file_of_git_annex_or_git_lfs_does_not_change_the_identity(
    tree: Callable[..., Path], tmp_path: Path
) -> None:
    import hashlib

    digest = hashlib.sha256(CONTENT).hexdigest()
    key = f"SHA256E-s{len(CONTENT)}--{digest}.nii.gz"
    root = tree("sub-01/anat/sub-01_T2w.nii.gz", content=f"/annex/objects/{key}\n")
    image = root / "sub-01/anat/sub-01_T2w.nii.gz"
    pointer = identity(root, tmp_path / "cache")
    image.unlink()
    image.symlink_to(f"../../.git/annex/objects/aa/bb/{key}/{key}")
    locked = identity(root, tmp_path / "cache")
    image.unlink()
    image.write_text(
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(CONTENT)}\n"
    )
    lfs = identity(root, tmp_path / "cache")
    image.write_bytes(CONTENT)
    assert pointer == locked == lfs == identity(root, tmp_path / "cache")


def test_a_release_is_identified_without_its_images(release: Callable[[str], Path], tmp_path: Path) -> None:
    new, old = (identity(release(name), tmp_path / "cache") for name in ("r20250310", "r20231212"))
    assert new.startswith("sha256:")
    assert new != old
    assert not (tmp_path / "cache" / HASHES).exists()


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_clean_repository_is_identified_by_its_commit(cord: Path, tmp_path: Path) -> None:
    git(cord, "init", "-q")
    git(cord, "add", ".")
    git(cord, "commit", "-q", "-m", "data")
    clean = identity(cord, tmp_path / "cache")
    assert clean.startswith("git:")
    (cord / "notes.txt").write_text("not indexed")
    assert identity(cord, tmp_path / "cache") == clean
    image = cord / "sub-01/anat/sub-01_T2w.nii.gz"
    image.write_bytes(image.read_bytes() + b"x")
    assert identity(cord, tmp_path / "cache").startswith("sha256:")


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize("ignored", [True, False])
def test_a_label_that_git_does_not_hold_is_not_hidden_behind_a_commit(
    cord: Path, tmp_path: Path, ignored: bool
) -> None:
    git(cord, "init", "-q")
    (cord / ".gitignore").write_text("derivatives\n")
    git(cord, "add", ".gitignore", "sub-01", "sub-02")
    git(cord, "commit", "-q", "-m", "images only")
    if not ignored:
        (cord / ".gitignore").write_text("")
    assert identity(cord, tmp_path / "cache").startswith("sha256:")


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_commit_of_a_surrounding_project_is_not_the_dataset_s(cord: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "project")
    assert identity(cord, tmp_path / "cache").startswith("sha256:")


def test_a_file_is_read_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_bytes(CONTENT)
    first = content_hash(file, tmp_path / "cache", {})
    remembered = known_hashes(tmp_path / "cache")
    assert list(remembered.values()) == [first]
    monkeypatch.setattr("builtins.open", None)
    assert content_hash(file, tmp_path / "cache", remembered) == first
    monkeypatch.undo()
    file.write_bytes(CONTENT + b"!")
    assert content_hash(file, tmp_path / "cache", remembered) != first


def test_a_cut_off_memory_of_hashes_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    (tmp_path / HASHES).write_text('["a", "1"]\n["b", "2')
    assert known_hashes(tmp_path) == {"a": "1"}
