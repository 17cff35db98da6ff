"""The library names no configuration key and no command; one table gives its words the command line's."""

import ast
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from softcord.app.console.remedies import HINTS, KEYS, told, with_keys
from softcord.data.settings import DataSettings, chosen_participants
from softcord.errors import DataError, SettingError
from softcord.remedies import Remedy
from tests.test_boundary import LIBRARY, PACKAGE

ROOT = Path(__file__).parents[3]
CONF = ROOT / "conf"
GROUPS = {path.name for path in CONF.iterdir() if path.is_dir()}
TOP = set(yaml.safe_load((CONF / "config.yaml").read_text(encoding="utf-8"))) - {"defaults"}
_WORD = "|".join(sorted(GROUPS | TOP | {"hydra"}))
_FILE = r"(?!(?:py|md|csv|json|yaml|html|tsv|nii|ckpt|npy|log|pt|db)\b)"
# data.exclude, gt=soft, gt.trim_mm=2; `softcord prepare`; -overwrite and -o
SPOKEN = re.compile(
    rf"(?<![\w./:~`-])(?:{_WORD})\.{_FILE}[a-z_]+\b"
    rf"|(?<![\w./:~`-])(?:{_WORD})=(?![=\s{{])\S"
    r"|`softcord [a-z]+|python -m softcord|make [a-z]+`|(?<![\w-])-(?:o|i|m|thr|overwrite|vert|discfile)\b"
)


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """Texts of a file that may reach a reader: all but docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


OF_OTHER_PROGRAMS = {("editors.py", "-o")}  # ITK-SNAP's overlay


@pytest.mark.parametrize(
    "text",
    ["Set data.root", "use gt=soft", "gt.beyond_reference=true", "Run `softcord prepare` first", "Use -o"],
)
def test_words_of_the_command_line_are_recognised(text: str) -> None:
    assert SPOKEN.search(text)


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_library_speaks_of_no_key_and_no_command(path: Path) -> None:
    spoken = [
        f"{path.name}:{line}: {text}"
        for line, text in strings(path)
        if SPOKEN.search(text) and (path.name, text) not in OF_OTHER_PROGRAMS
    ]
    assert spoken == []


def test_every_way_out_has_words_of_the_command_line() -> None:
    assert set(HINTS) == set(Remedy)


def test_every_way_out_is_used_by_the_library() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in LIBRARY)
    assert [one.name for one in Remedy if f"Remedy.{one.name}" not in sources] == []


def test_the_keys_of_the_table_are_keys_of_the_configuration() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in CONF.rglob("*.yaml")}
    named = {key for keys in KEYS.values() for key in keys.split(", ")}
    named |= {
        found for hint in HINTS.values() for found in re.findall(rf"\b(?:{_WORD})\.{_FILE}[a-z_]+", hint)
    }
    for key in named:
        last = key.rpartition(".")[2]
        assert any(re.search(rf"^\s*{last}:", text, re.MULTILINE) for text in texts.values()), key


def test_an_error_is_told_with_the_hint_of_the_command_line() -> None:
    error = DataError("my-data", "is not a folder", Remedy.FIND_ROOT)
    assert str(error) == "my-data: is not a folder. Name the folder that holds sub-*."
    assert told(error) == "my-data: is not a folder. Set data.root to the folder that holds sub-*."


def test_a_way_out_within_a_longer_text_is_told_too_and_the_longest_wins() -> None:
    assert Remedy.CHECK_EXCLUSIONS.startswith(Remedy.ALL_EXCLUDED)
    text = f"12:00:00 2 images: no label. {Remedy.CHECK_EXCLUSIONS}."
    assert with_keys(text) == "12:00:00 2 images: no label. Check data.exclude and data.participants."
    assert with_keys("nothing to translate") == "nothing to translate"


def test_a_setting_is_called_by_its_argument_in_python_and_by_its_key_on_the_command_line() -> None:
    import pandas as pd

    table = pd.DataFrame({"participant_id": ["sub-01"]})
    settings = DataSettings(name="mine", root=Path("mine"), participants=("sub-02",))
    with pytest.raises(SettingError) as caught:
        chosen_participants(settings, table)
    assert (caught.value.owner, caught.value.setting) == ("DataSettings", "participants")
    assert str(caught.value).startswith("participants: sub-02 is not in")
    assert told(caught.value).startswith("data.participants: sub-02 is not in")


def test_a_setting_s_error_travels_between_processes() -> None:
    error = pickle.loads(pickle.dumps(SettingError("DataSettings", "participants", "is wrong", "Mend it")))
    assert told(error) == "data.participants: is wrong. Mend it."
    assert error.exit_code == 2
