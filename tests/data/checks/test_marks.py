"""What cannot be used has a cross, and each reason its own way out."""

from pathlib import Path

import pandas as pd

from softcord.data.checks.dataset import DatasetCheck
from softcord.data.checks.findings import Finding, summarise
from softcord.data.checks.tables import matrix


def test_an_image_that_cannot_be_used_has_a_cross_and_one_with_a_warning_none() -> None:
    kinds = dict.fromkeys(("hard_seg", "soft_seg", "soft_bin_seg", "discs", "levels"))
    rows = [
        {"participant_id": f"sub-{n}", "session_id": "n/a", "contrast": "T2w", "image": f"{n}.nii.gz"}
        | {"image_state": "present"}
        | kinds
        for n in (1, 2)
    ]
    findings = (
        Finding("error", "constant image", "1.nii.gz"),
        Finding("warning", "single slice", "2.nii.gz"),
    )
    check = DatasetCheck(Path(), pd.DataFrame(rows), findings, pd.DataFrame())
    assert matrix(check)["T2w"].to_list() == ["✗", "●"]


def test_each_reason_of_one_kind_has_its_own_remedy() -> None:
    found = summarise(
        [
            Finding("error", "unusable image", "a", detail="is 4-D", hint="Give the mean"),
            Finding("error", "unusable image", "b", detail="is empty", hint="Download it"),
            Finding("error", "unusable image", "c", detail="is 4-D", hint="Give the mean"),
        ]
    )
    assert {(one.hint, one.count) for one in found} == {("Give the mean", 2), ("Download it", 1)}
