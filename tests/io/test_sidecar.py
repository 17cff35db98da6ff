"""What the JSON beside a mask says is read in one way, and no content of it ends a command."""

from collections.abc import Callable
from pathlib import Path

import pytest

from softcord.bidsapp.methods import task_of
from softcord.evaluation.timing import read_inference_s
from softcord.gt.sidecar import finished_row, is_ours, recorded_inputs
from softcord.io.files import write_json
from softcord.io.names import sidecar_of
from softcord.io.sidecar import is_by_softcord, makers, read_json, read_sidecar, said_by_maker
from softcord.predict.write import weights_of
from softcord.review.masks import ReviewMask
from softcord.rounds.candidates import model_of_mask
from softcord.rounds.drafts import is_from_round
from softcord.uncertainty.measured import model_of
from softcord.uncertainty.paths import uncertainty_path

RUINS = {
    "no table": b"[]",
    "no text": b"\xff\xfe\x00",
    "half": b'{"GeneratedBy": [',
    "no list": b'{"GeneratedBy": 1}',
    "no tables in it": b'{"GeneratedBy": [1, null], "Inputs": 2, "inference_s": [], "Disagreement": {}}',
    "nested": b"[" * 100_000,
}
MASK = "out/sub-01_T2w_softseg.nii.gz"


def mask_in(folder: Path) -> Path:
    return folder / MASK


def scored(folder: Path) -> ReviewMask:
    return ReviewMask("sub-01_T2w", "sub-01", "n/a", "T2w", folder / "sub-01_T2w.nii.gz", mask_in(folder))


READERS: dict[str, tuple[Callable[[Path], object], object]] = {
    "task": (lambda folder: task_of(folder / "out"), None),
    "model of a folder": (lambda folder: weights_of(folder / "out"), ""),
    "model of a mask": (lambda folder: model_of_mask(mask_in(folder)), "out"),
    "model of a map": (lambda folder: model_of(uncertainty_path(mask_in(folder))), ""),
    "score": (lambda folder: scored(folder).disagreement, None),
    "seconds": (lambda folder: read_inference_s(mask_in(folder)), None),
    "corrected": (lambda folder: is_from_round(mask_in(folder)), False),
    "ours": (lambda folder: is_ours(folder / "out/dataset_description.json"), False),
    "inputs": (lambda folder: recorded_inputs(mask_in(folder)), None),
    "row": (lambda folder: finished_row(mask_in(folder), "mark"), None),
}


@pytest.mark.parametrize("content", RUINS.values(), ids=RUINS)
@pytest.mark.parametrize("reader", READERS)
def test_a_file_that_says_nothing_is_taken_for_none_by_all_who_read_it(
    reader: str, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    mask = mask_in(tmp_path)
    for path in (sidecar_of(mask), sidecar_of(uncertainty_path(mask))):
        path.write_bytes(content)
    (tmp_path / "out/dataset_description.json").write_bytes(content)
    read, nothing = READERS[reader]
    assert read(tmp_path) == nothing


def test_makers_are_found_wherever_they_stand_in_the_list(tmp_path: Path) -> None:
    image = tmp_path / "sub-01_T2w.nii.gz"
    assert read_sidecar(image) == {}
    write_json(sidecar_of(image), {"GeneratedBy": ["x", {"Name": "a"}, {"Name": "softcord", "Model": "m"}]})
    content = read_sidecar(image)
    assert content == read_json(tmp_path / "sub-01_T2w.json")
    assert [one["Name"] for one in makers(content)] == ["a", "softcord"]
    assert said_by_maker(content, "Model") == "m"
    assert said_by_maker(content, "Task") == ""
    assert is_by_softcord(content)
    assert not is_by_softcord({"GeneratedBy": [{"Name": "softcord.phantom"}]})
