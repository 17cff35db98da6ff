import re
from pathlib import Path

import pytest

from softcord.app.compose import compose
from softcord.data.settings import DataSettings, SplitSettings

DOCS = (Path(__file__).parents[2] / "docs" / "data.md").read_text()


def test_the_python_of_the_page_runs_on_three_participants(
    cord: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(cord.parent)
    cord.rename(cord.parent / "my-data")
    for folder in ("", "derivatives/labels/"):
        for path in (cord.parent / "my-data").glob(f"{folder}sub-02/anat/*"):
            copy = Path(str(path).replace("sub-02", "sub-03"))
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    code = DOCS.split("## From Python")[1]
    names: dict[str, object] = {}
    exec(re.sub("^    ", "", code, flags=re.MULTILINE), names)
    assert getattr(names["split"], "test", None) == ("sub-03",)
    assert len(names["labelled"]) == 6  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "command", re.findall(r"^    .*softcord.* (data=bids .*)$", DOCS, flags=re.MULTILINE)
)
def test_the_commands_of_the_page_compose(command: str) -> None:
    assert compose(*command.replace("'", "").split()).config["data"]["root"] == "my-data"


@pytest.mark.parametrize("key", sorted(set(re.findall(r"\b(data|split)\.([a-z_]+)=", DOCS))))
def test_every_key_that_the_page_names_exists(key: tuple[str, str]) -> None:
    settings = {"data": DataSettings, "split": SplitSettings}[key[0]]
    assert key[1] in settings.__dataclass_fields__
