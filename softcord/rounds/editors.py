"""The editors of masks that are on this machine, and the command that opens an image and a draft in one."""

import shlex
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from softcord.errors import UsageError

VARIABLE = "SOFTCORD_EDITOR"
# In the order in which they are looked for: those that keep soft values first.
EDITORS: Mapping[str, Callable[[str, str], list[str]]] = {
    "fsleyes": lambda image, draft: [
        "fsleyes",
        image,
        draft,
        "-cm",
        "red-yellow",
        "-dr",
        "0",
        "1",
        "-a",
        "50",
    ],
    "napari": lambda image, draft: ["napari", image, draft],
    "itksnap": lambda image, draft: ["itksnap", "-g", image, "-s", draft],
    "Slicer": lambda image, draft: [
        "Slicer",
        "--python-code",
        f"slicer.util.loadVolume({image!r}); slicer.util.loadSegmentation({draft!r})",
    ],
}


def editor_command(image: Path, draft: Path, environment: Mapping[str, str]) -> list[str] | None:
    """Return the command that opens a draft over its image; None where no editor is there.

    ``$SOFTCORD_EDITOR`` names another: its words, then image and draft.

    Raises:
        UsageError: the one that is named is not there.
    """
    named = environment.get(VARIABLE, "").strip()
    if named:
        words = shlex.split(named)
        if shutil.which(words[0], path=environment.get("PATH")) is None:
            raise UsageError(VARIABLE, f"{words[0]} is not on this machine", "Name another, or unset it")
        return [*words, str(image), str(draft)]
    for name, command in EDITORS.items():
        if shutil.which(name, path=environment.get("PATH")):
            return command(str(image), str(draft))
    return None
