"""Which runs a study is meant to have, by the commands that were given, and where each of them stands."""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from filelock import FileLock
from pydantic import TypeAdapter

from softcord.io.files import write_json
from softcord.sweep.ledger import LATEST_S, Run, Verb, is_claimed, read_study

Standing = Literal["complete", "pruned", "failed", "interrupted", "running", "stale", "missing"]

_FILE = "study.json"


@dataclass(frozen=True)
class Planned:
    """A run that a command of softcord's ``verb`` asks for; ``data`` is what it is tested on.

    ``method`` is its label in the study, ``base`` the name it was made from, "" where that is the same.
    """

    method: str
    seed: int
    config_hash: str
    overrides: tuple[str, ...]
    verb: Verb = "train"
    data: str = ""
    base: str = ""


@dataclass(frozen=True)
class Command:
    """A command as typed, without its program's name, when it was last given (Unix time), and its runs.

    ``n_trials`` is how many runs a search will have in the end, 0 for a command whose runs are all known.
    """

    arguments: tuple[str, ...]
    given_at: float
    runs: tuple[Planned, ...]
    n_trials: int = 0

    @property
    def verb(self) -> Verb:
        """The verb that it was given to."""
        return self.runs[0].verb if self.runs else "train"


_COMMAND = TypeAdapter(Command)


@dataclass(frozen=True)
class Entry:
    """A run of a study and where it stands.

    ``run`` is missing where nothing has begun, ``planned`` where no recorded command asks for it. Of several
    runs of one configuration, as a change of the data leaves them, only the last one counts.
    """

    standing: Standing
    run: Run | None
    planned: Planned | None

    @property
    def method(self) -> str:
        """Name of its method."""
        return self._known.method

    @property
    def base(self) -> str:
        """Name of its method by what every name tells; the label may say more."""
        return (self.planned.base if self.planned else "") or self.method

    @property
    def seed(self) -> int:
        """Seed: runs of one method on the same test data that differ in it alone are replicates."""
        return self._known.seed

    @property
    def data(self) -> str:
        """Name of the dataset that it is tested on, "" where an earlier version did not record it."""
        return self._known.data

    @property
    def config_hash(self) -> str:
        """Hash of its configuration."""
        return self._known.config_hash

    @property
    def overrides(self) -> tuple[str, ...]:
        """The arguments that give this run and no other."""
        return self._known.overrides

    @property
    def verb(self) -> Verb:
        """The verb that runs it."""
        return self._known.verb

    @property
    def _known(self) -> Run | Planned:
        known = self.run or self.planned
        assert known is not None
        return known


def read_commands(study_dir: Path) -> list[Command]:
    """Return the commands of a study, the last one at the end; none where nothing is recorded."""
    try:
        content = json.loads((study_dir / _FILE).read_text(encoding="utf-8"))
        return [_command(entry) for entry in content["commands"]]
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return []


def is_asked_for(study_dir: Path, config_hash: str) -> bool:
    """Whether a recorded command asks for the run of a configuration.

    Every run of a study asks that when it begins: what thousands of others are to be is not taken apart.
    """
    try:
        text = (study_dir / _FILE).read_bytes()
    except OSError:
        return False
    is_whole = text.rstrip().endswith(b"}")
    return is_whole and f'"{config_hash}"'.encode() in text


def record_command(
    study_dir: Path, arguments: Sequence[str], runs: Iterable[Planned], n_trials: int = 0
) -> None:
    """Add a command to the study, in the place of earlier ones that ask for none but its runs."""
    command = Command(tuple(arguments), time.time(), tuple(runs), n_trials)
    study_dir.mkdir(parents=True, exist_ok=True)
    with FileLock(study_dir / ".study.lock"):
        asked = {run.config_hash for run in command.runs}
        earlier = read_commands(study_dir)
        if not earlier and (study_dir / _FILE).exists():
            # Empty, or damaged: what it says is kept for whoever can read it.
            (study_dir / _FILE).replace(study_dir / f"{_FILE}.before")
        others = [one for one in earlier if not {run.config_hash for run in one.runs} <= asked]
        _write_commands(study_dir, [*others, command])


def forget_missing(study_dir: Path) -> None:
    """Forget planned runs of which nothing has begun, and commands that no run is left of."""
    with FileLock(study_dir / ".study.lock"):
        begun = {run.config_hash for run in read_study(study_dir)}
        kept = []
        for command in read_commands(study_dir):
            runs = tuple(planned for planned in command.runs if planned.config_hash in begun)
            if runs:
                kept.append(replace(command, runs=runs))
        _write_commands(study_dir, kept)


def read_entries(study_dir: Path) -> list[Entry]:
    """Return every run that the study has or should have, by method and seed."""
    planned = {run.config_hash: run for command in read_commands(study_dir) for run in command.runs}
    runs = {run.config_hash: run for run in read_study(study_dir)}
    entries = [Entry(standing(study_dir, run), run, planned.get(run.config_hash)) for run in runs.values()]
    entries += [Entry("missing", None, one) for key, one in planned.items() if key not in runs]
    return sorted(entries, key=lambda entry: (entry.method, entry.seed))


def standing(study_dir: Path, run: Run) -> Standing:
    """Tell where a run stands: one that says it is running may be dead."""
    if run.state != "running":
        return run.state
    return "running" if is_claimed(study_dir / run.name) else "stale"


def _write_commands(study_dir: Path, commands: list[Command]) -> None:
    write_json(study_dir / _FILE, {"commands": [asdict(command) for command in commands]})


def _command(content: dict[str, object]) -> Command:
    command = _COMMAND.validate_json(json.dumps(content), strict=True)
    if not 0 <= command.given_at < LATEST_S:
        raise ValueError(f"given_at: is no time: {command.given_at}")
    return command
