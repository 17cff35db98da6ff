"""`softcord drift`: the exit code of each verdict, its files, and one line for what cannot be compared."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from softcord.app.verbs import drift
from softcord.app.verbs.drift import main
from softcord.data.filehash import checksum
from softcord.drift.masks import Contender, contender, mask_of
from softcord.io.files import write_json
from softcord.io.names import sidecar_of
from softcord.io.nifti import Volume, write_volume
from softcord.predict.package import TrainedOn, write_package
from tests.drift.cylinders import cylinder, dataset, model, put_mask


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run the verb on six cords whose areas by the new model differ by ``shift_mm2``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(drift, "_contender", lambda _arguments, word: model(word))

    def run(shift_mm2: float, *more: str, lost: int = 0, people: int = 6) -> int:
        root = dataset(tmp_path / "bids", people)
        for i, image in enumerate(sorted(root.rglob("*_T2w.nii.gz"))):
            area_mm2 = 70 + i + 0.1 * (-1) ** i
            put_mask(tmp_path / "cache", "old", image, cylinder(70 + i))
            found = cylinder(area_mm2 + shift_mm2)
            put_mask(tmp_path / "cache", "new", image, Volume(found.data * (i >= lost), found.affine))
        return main(["new", "--against", "old", "--data", "bids", "--cache", "cache", "-o", "out", *more])

    return run


@pytest.mark.parametrize(
    ("shift_mm2", "lost", "people", "code", "verdict"),
    [
        (0.0, 0, 6, 0, "Equivalent"),
        (3.0, 0, 6, 5, "Shifted"),
        (-3.0, 0, 6, 5, "Shifted"),
        (0.0, 1, 8, 5, "Shifted"),
        (1.0, 0, 6, 6, "Cannot tell"),
        (0.0, 0, 3, 6, "Cannot tell"),
    ],
)
def test_each_verdict_has_its_exit_code_a_sentence_a_page_and_json(
    gate: Callable[..., int],
    shift_mm2: float,
    lost: int,
    people: int,
    code: int,
    verdict: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert gate(shift_mm2, "-v", "0", lost=lost, people=people) == code
    said = capsys.readouterr().out
    assert said.startswith(verdict)
    assert said.count("\n") == 1
    found = json.loads(Path("out/drift.json").read_text())
    assert (found["exit_code"], found["verdict"], found["failures_gained"]) == (code, verdict.lower(), lost)
    assert said.strip() == found["sentence"]
    assert found["tests"][0]["shift_mm2"] == pytest.approx(shift_mm2, abs=0.3)
    page = Path("out/drift.html").read_text()
    assert verdict in page
    assert "data:image/jpeg" in page
    assert len(Path("out/images.csv").read_text().splitlines()) > people


def test_a_model_that_loses_every_cord_is_shifted_and_one_that_finds_them_cannot_be_told(
    gate: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(0.0, "-v", "0", lost=6) == 5
    assert "no image has an area by both); 6 images lost their cord." in capsys.readouterr().out
    found = json.loads(Path("out/drift.json").read_text())
    assert (found["verdict"], found["tests"], found["failures_gained"]) == ("shifted", [], 6)
    assert "6 images lost their cord" in Path("out/drift.html").read_text()
    monkeypatch.setattr(drift, "_contender", lambda _arguments, word: model({"new": "old"}.get(word, "new")))
    assert main(["new", "--against", "old", "--data", "bids", "--cache", "cache", "-o", "out"]) == 6
    assert "6 images of which only the new one has the cord" in capsys.readouterr().out


def test_a_contrast_of_which_no_image_can_be_compared_is_named(
    gate: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is said of it, and equivalent is not to be read as if there were."""
    dataset(Path("bids"), 6, ("T1w",), discs=False)
    assert gate(0.0, "-v", "0") == 0
    assert capsys.readouterr().out.endswith("; T1w not compared.\n")


def test_images_that_trained_a_model_are_said_in_sentence_page_and_json(
    gate: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def trained(_arguments: object, word: str) -> Contender:
        one = model(word)
        if word == "new":
            images = [checksum(path)[:16] for path in sorted(Path("bids").rglob("sub-0[01]_T2w.nii.gz"))]
            seen = TrainedOn("x", "x", ("T2w",), ("sub-00", "sub-01"), (), tuple(images))
            described = replace(one.model.description, trained_on=(seen,))
            one = replace(one, model=replace(one.model, description=described))
        return one

    dataset(Path("bids"))
    monkeypatch.setattr(drift, "_contender", trained)
    assert gate(0.0, "-v", "0") == 0
    said = "Leakage: new was trained on 2 of the 6 participants it meets here (sub-00, sub-01)"
    assert said in capsys.readouterr().out
    assert said in json.loads(Path("out/drift.json").read_text())["sentence"]
    assert said in Path("out/drift.html").read_text()


def test_images_in_which_only_the_new_model_is_unsure_are_said(
    gate: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    for image in sorted(dataset(Path("bids")).rglob("sub-0[012]_T2w.nii.gz")):
        write_json(sidecar_of(Path("cache/new") / f"{checksum(image)[:32]}.nii.gz"), {"Quality": "low"})
    assert gate(0.0, "-v", "0") == 0
    assert "3 images in which only the new one could not follow the cord" in capsys.readouterr().out
    assert json.loads(Path("out/drift.json").read_text())["unsure_gained"] == 3


def test_sites_are_found_in_participants_tsv(gate: Callable[..., int]) -> None:
    gate(0.0)
    tests = json.loads(Path("out/drift.json").read_text())["tests"]
    assert [one["name"] for one in tests] == ["all images", "a", "b"]


@pytest.mark.parametrize(
    ("wrong", "code", "says"),
    [
        (["--margin", "0"], 2, "--margin: must be above 0"),
        (["--margin", "-1"], 2, "--margin: must be above 0"),
        (["--margin", "wide"], 2, "invalid float value"),
        (["--level", "neck"], 2, "--level: cannot read 'neck'"),
        (["--contrasts", "dwi"], 2, "--contrasts: no image of dwi. There are T2w"),
        (["--failures", "-1"], 2, "--failures: must be 0 or more"),
        (["--by", "vendor"], 2, "--by: participants.tsv has no column 'vendor'. It has: site"),
        (["--data", "nowhere"], 3, "nowhere: is not a folder"),
        (["--level", "7:8"], 3, "no image can be measured"),
    ],
)
def test_what_cannot_be_compared_is_one_line(
    gate: Callable[..., int], wrong: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(0.0, *wrong) == code
    captured = capsys.readouterr()
    assert says in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_without_level_labels_the_gate_refuses_and_names_the_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset(tmp_path / "bids", 2, discs=False)
    assert main(["new", "--against", "old", "--data", str(tmp_path / "bids")]) == 3
    assert "compare with --level all" in capsys.readouterr().err


def test_a_package_of_a_newer_format_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset(tmp_path / "bids", 2)
    package = write_package(tmp_path / "newer", model("newer").model)
    described = (package / "model.json").read_text().replace('"format": 1', '"format": 2')
    (package / "model.json").write_text(described)
    sums = [line.split() for line in (package / "sha256.txt").read_text().splitlines()]
    lines = [f"{checksum(package / name)}  {name}\n" for _, name in sums]
    (package / "sha256.txt").write_text("".join(lines))
    main_arguments = [str(package), "--against", "synthetic-v1", "--data", str(tmp_path / "bids")]
    assert main(main_arguments) == 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "format: Input should be 1. Use the softcord version that made it" in said


def test_a_mask_is_made_once_for_the_same_weights_and_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = tmp_path / "t2.nii.gz"
    write_volume(image, cylinder(70).data, cylinder(70).affine)
    one = contender("one", model("one").model)
    renamed = contender("renamed", one.model)
    other = contender("other", model("other").model)
    assert one.key == renamed.key != other.key
    made = mask_of(one, image, "0" * 64, tmp_path)

    def never(*_arguments: object) -> None:
        raise AssertionError("predicted again")

    monkeypatch.setattr("softcord.drift.masks.predict_volume", never)
    assert (mask_of(renamed, image, "0" * 64, tmp_path).data == made.data).all()
    with pytest.raises(AssertionError, match="predicted again"):
        mask_of(other, image, "0" * 64, tmp_path)


def test_an_image_that_only_the_new_model_refuses_is_a_failure_gained(
    gate: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from softcord.drift import compare
    from softcord.errors import DataError

    def refusing(one: Contender, image: Path, digest: str, cache_dir: Path) -> Volume:
        if one.name == "new" and "sub-00" in image.name:
            raise DataError(image, "has a single slice")
        return mask_of(one, image, digest, cache_dir)

    monkeypatch.setattr(compare, "mask_of", refusing)
    assert gate(0.0, people=8) == 5
    assert "new: has a single slice" in Path("out/images.csv").read_text()
