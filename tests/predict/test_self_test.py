"""A package carries a small image and the mask expected of it, and says where it makes another."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from softcord.app.verbs.export import main as export
from softcord.app.verbs.model import main
from softcord.errors import DataError
from softcord.predict.built_in import BUILT_IN
from softcord.predict.example import Example, example_bytes, read_example
from softcord.predict.infer import Apply
from softcord.predict.package import Model, read_package, write_package
from softcord.predict.package_files import CHECKSUMS, SELF_TEST, sha256
from softcord.predict.self_test import run_self_test, with_self_test


@pytest.fixture(scope="module")
def model() -> Model:
    return with_self_test(replace(read_package(BUILT_IN), self_test=None))


def example(model: Model) -> Example:
    assert model.self_test is not None
    return model.self_test


def test_the_shipped_model_carries_a_self_test_that_passes_within_five_megabytes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert sum(path.stat().st_size for path in BUILT_IN.iterdir()) < 5e6
    assert (BUILT_IN / SELF_TEST).stat().st_size < 20_000
    assert main(["test", BUILT_IN.name, "-device", "cpu"]) == 0
    assert "the same mask as where it was written" in capsys.readouterr().out


def test_it_is_the_same_bytes_whenever_it_is_made_and_survives_a_package(
    model: Model, tmp_path: Path
) -> None:
    again = with_self_test(replace(model, self_test=None))
    assert example_bytes(example(again)) == example_bytes(example(model))
    kept = read_package(write_package(tmp_path / "given", model))
    assert np.array_equal(example(kept).image, example(model).image)
    assert np.abs(example(kept).softseg - example(model).softseg).max() <= 0.5 / 255
    result = run_self_test(kept)
    assert result is not None
    assert result.passed
    assert example(with_self_test(kept)) is example(kept)


def test_it_holds_a_cord_of_the_phantom_s_size(model: Model) -> None:
    volume_mm3 = float(example(model).softseg.sum()) * abs(np.linalg.det(example(model).affine[:3, :3]))
    assert 60 < volume_mm3 / 24 < 90


def test_bfloat16_passes_and_other_weights_do_not(model: Model) -> None:
    rounded = run_self_test(model, Apply(bfloat16=True))
    assert rounded is not None
    assert rounded.passed
    net = read_package(BUILT_IN).net
    with torch.no_grad():
        for weights in net.parameters():
            weights.mul_(0.97)
    other = run_self_test(replace(model, net=net))
    assert other is not None
    assert not other.passed


def test_a_model_that_fails_is_one_line_and_exit_code_1(
    model: Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planted = replace(example(model), softseg=np.roll(example(model).softseg, 1, axis=0))
    package = write_package(tmp_path / "odd", replace(model, self_test=planted))
    assert main(["test", str(package), "-device", "cpu"]) == 1
    said = capsys.readouterr().err
    assert "makes another mask here" in said
    assert said.count("\n") == 1


def test_a_model_without_one_is_exit_code_3_and_export_gives_it_one(
    model: Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = write_package(tmp_path / "bare", replace(model, self_test=None))
    assert main(["test", str(package)]) == 3
    assert "carries no self-test" in capsys.readouterr().err
    assert export(["-m", str(package), "-half", "-o", str(tmp_path / "given.zip")]) == 0
    assert main(["test", str(tmp_path / "given.zip"), "-device", "cpu"]) == 0


@pytest.mark.parametrize("planted", [b"nothing", b"\x1f\x8b\x08", "shapes", "nan"])
def test_a_self_test_that_cannot_be_read_is_named(planted: bytes | str, model: Model, tmp_path: Path) -> None:
    good = example(model)
    if planted == "shapes":
        planted = example_bytes(replace(good, softseg=good.softseg[1:]))
    elif planted == "nan":
        planted = example_bytes(replace(good, affine=np.full((4, 4), np.nan)))
    assert isinstance(planted, bytes)
    with pytest.raises(DataError, match="self-test cannot be read"):
        read_example(tmp_path, planted)


def test_a_self_test_that_was_changed_or_taken_out_is_found(model: Model, tmp_path: Path) -> None:
    package = write_package(tmp_path / "given", model)
    content = (package / SELF_TEST).read_bytes()
    assert f"{sha256(content)}  {SELF_TEST}" in (package / CHECKSUMS).read_text()
    (package / SELF_TEST).write_bytes(content[:-1])
    with pytest.raises(DataError, match="does not have the checksum"):
        read_package(package)
    (package / SELF_TEST).unlink()
    with pytest.raises(DataError, match="is missing"):
        read_package(package)
