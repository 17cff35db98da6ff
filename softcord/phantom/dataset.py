"""Write a phantom dataset in the layout of real data: all of it or nothing, and only once."""

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from filelock import FileLock

from softcord.errors import DataError, RunError
from softcord.phantom.description import SETTINGS_FILE, write_description
from softcord.phantom.participant import draw_participant, image_path, write_participant
from softcord.phantom.settings import PhantomSettings
from softcord.processes.parallel import parallel_map

_DONE = ".done"


def write_dataset(
    settings: PhantomSettings, root: Path, jobs: int = 1, on_done: Callable[[str], None] | None = None
) -> None:
    """Write the dataset that ``settings`` describe to ``root``; a complete one that is there is left alone.

    The bytes depend on the settings only, not on ``jobs``. Participants are written into a hidden folder
    beside ``root`` that is renamed at the end; interrupted, the next call goes on with the participants that
    are missing. ``on_done`` is called with each participant's identifier.

    Raises:
        DataError: ``root`` holds something else: other settings, damaged, or no phantom dataset at all.
        RunError: a participant could not be written.
    """
    root = Path(root)
    root.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(root.parent / f".{root.name}.lock"):
        if root.is_file() or (root.exists() and any(root.iterdir())):
            _check(settings, root)
            return
        partial_root = root.parent / f".{root.name}.{settings.identity[:12]}.partial"
        for abandoned in set(root.parent.glob(f".{root.name}.*.partial")) - {partial_root}:
            shutil.rmtree(abandoned)
        _write_participants(settings, partial_root, jobs, on_done)
        write_description(settings, partial_root)
        shutil.rmtree(partial_root / _DONE)
        partial_root.replace(root)


def _check(settings: PhantomSettings, root: Path) -> None:
    """Raise unless ``root`` is the complete dataset of these settings."""
    remedy = "Delete the folder or choose another one"
    try:
        found = json.loads((root / SETTINGS_FILE).read_text())["identity"]
    except (OSError, ValueError, KeyError, TypeError):
        raise DataError(root, "is not a phantom dataset", remedy) from None
    if found != settings.identity:
        raise DataError(root, "is a phantom dataset of other settings", remedy)
    for number in range(1, settings.n_participants + 1):
        participant_id = draw_participant(settings, number).participant_id
        for contrast in settings.scans:
            image = root / f"{image_path(participant_id, contrast)}.nii.gz"
            if not image.exists():
                raise DataError(image, "has been removed from the phantom dataset", remedy)


def _write_participants(
    settings: PhantomSettings, root: Path, jobs: int, on_done: Callable[[str], None] | None
) -> None:
    (root / _DONE).mkdir(parents=True, exist_ok=True)
    wanted = range(1, settings.n_participants + 1)
    todo = [number for number in wanted if not (root / _DONE / str(number)).exists()]
    for outcome in parallel_map(partial(_write_one, settings, root), todo, jobs):
        if outcome.error is not None or outcome.value is None:
            raise RunError(f"phantom participant {outcome.item}", str(outcome.error), "Run it again to go on")
        if on_done is not None:
            on_done(outcome.value)


def _write_one(settings: PhantomSettings, root: Path, number: int) -> str:
    write_participant(settings, number, root)
    (root / _DONE / str(number)).touch()
    return draw_participant(settings, number).participant_id
