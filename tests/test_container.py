"""The two container definitions do the same, name no place to download from, and need no administrator."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "container"
DOCKER = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
APPTAINER = (FOLDER / "softcord.def").read_text(encoding="utf-8")


def steps(text: str) -> list[str]:
    """Return the commands that use Python, with arguments written alike."""
    alike = re.sub(r"\$\{(\w+)\}|\{\{ (\w+) \}\}", lambda found: f"<{found[1] or found[2]}>", text)
    return re.findall(r"python -[mc] .*", alike)


def arguments(text: str) -> dict[str, str]:
    return dict(re.findall(r"^(?:ARG|   ) ?(PYTHON|DEVICE)=(\S+)$", text, re.MULTILINE))


def test_both_install_and_check_in_the_same_words() -> None:
    assert len(steps(DOCKER)) == 2
    assert steps(DOCKER) == steps(APPTAINER)
    assert arguments(DOCKER) == arguments(APPTAINER) == {"PYTHON": "3.11", "DEVICE": "cpu"}


@pytest.mark.parametrize("text", [DOCKER, APPTAINER], ids=["docker", "apptainer"])
def test_nothing_is_downloaded_and_no_index_named(text: str) -> None:
    for step in re.findall(r"pip install .*", text):
        assert "--no-index" in step
    assert not re.search(r"https?:|index-url|apt-get|curl|wget|git clone", text)


def test_docker_ends_as_a_user_who_is_no_administrator() -> None:
    assert re.findall(r"^USER (.*)$", DOCKER, re.MULTILINE) == ["softcord"]
    assert DOCKER.index("USER softcord") > DOCKER.rindex("RUN ")
