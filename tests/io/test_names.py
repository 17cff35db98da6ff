"""Any name is a file's name and comes back from it; one rule says what a NIfTI file is called."""

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from softcord.io.names import LONGEST, file_name, is_nifti, name_of, nifti_stem, sidecar_of

ROOT = Path(__file__).parents[2]
ANY = st.text(st.characters(), max_size=14)


@given(ANY)
@example("..")
@example("")
@example("%")
@example("soft_all_epsilon0.5")
@example("a/b\\c\0d\ne")
@example("\ud800")
def test_a_name_comes_back_from_its_file(name: str) -> None:
    assert name_of(file_name(name)) == name


@given(st.text(max_size=600), st.text(max_size=600))
def test_two_names_never_meet_in_one_file(one: str, other: str) -> None:
    assert (file_name(one) == file_name(other)) == (one == other)


@given(st.text(max_size=600))
@example("../../etc/passwd")
@example("/root")
@example("~")
@example("-rf")
def test_a_file_never_leaves_its_folder(name: str) -> None:
    written = file_name(name, ".csv")
    assert re.fullmatch(r"[A-Za-z0-9_%=+,@() .~-]+\.csv", written)
    assert "/" not in written
    assert (Path("/folder") / written).resolve().parent == Path("/folder")
    assert written[0] not in ".- "
    assert len(written) <= LONGEST + 4


@given(st.text("abcXYZ019_.=+,@()-", min_size=1, max_size=60).filter(lambda name: name[0] not in ".-"))
def test_usual_names_stay_as_they_are(name: str) -> None:
    assert file_name(name) == name


def test_long_names_that_begin_alike_are_two_files() -> None:
    one, other = file_name("x" * 300 + "1"), file_name("x" * 300 + "2")
    assert one != other
    with pytest.raises(ValueError, match="beginning of a longer name"):
        name_of(one)


@pytest.mark.parametrize(
    ("file", "stem"),
    [
        ("sub-01_T2w.nii.gz", "sub-01_T2w"),
        ("t2.nii", "t2"),
        ("v1.2_t2.nii.gz", "v1.2_t2"),
        ("a.nii_old.nii.gz", "a.nii_old"),
        ("notes.gz", "notes.gz"),
        ("t2", "t2"),
    ],
)
def test_the_stem_of_an_image_is_its_name_without_its_extension(file: str, stem: str) -> None:
    assert nifti_stem(file) == nifti_stem(Path("folder.nii") / file) == stem
    assert sidecar_of(Path("folder") / file) == Path("folder") / f"{stem}.json"
    assert is_nifti(file) == (stem != file)


def test_no_other_place_takes_an_extension_off_a_nifti_name() -> None:
    cuts = re.compile(r"""(removesuffix|partition|endswith|split)\(\(?["']\.(nii|gz)""")
    places = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "softcord").rglob("*.py")
        if path.name != "names.py" and cuts.search(path.read_text(encoding="utf-8"))
    ]
    assert places == ["softcord/io/files.py"]  # which tells writers the format
