"""The programs on this machine that show a mask over its image, and the command that opens both in one."""

import shlex
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from softcord.errors import UsageError

VARIABLE = "SOFTCORD_EDITOR"
Program = Callable[[str, str], list[str]]


def _fsleyes(image: str, mask: str) -> list[str]:
    return ["fsleyes", image, mask, "-cm", "red", "-a", "70", "-dr", "0", "1"]


def _slicer_labels(image: str, draft: str) -> list[str]:
    code = f"slicer.util.loadVolume({image!r}); slicer.util.loadSegmentation({draft!r})"
    return ["Slicer", "--python-code", code]


def _slicer_overlay(image: str, mask: str) -> list[str]:
    steps = (
        f"i = slicer.util.loadVolume({image!r})",
        f"m = slicer.util.loadVolume({mask!r})",
        "d = m.GetDisplayNode()",
        "d.SetAndObserveColorNodeID('vtkMRMLColorTableNodeRed')",
        "d.SetAutoWindowLevel(0)",
        "d.SetWindowLevelMinMax(0, 1)",
        "d.SetThreshold(0.001, 1)",
        "d.SetApplyThreshold(1)",
        "slicer.util.setSliceViewerLayers(background=i, foreground=m, foregroundOpacity=0.7)",
    )
    return ["Slicer", "--python-code", "; ".join(steps)]


# In the order in which they are looked for: those that keep soft values first.
EDITORS: Mapping[str, Program] = {
    "fsleyes": _fsleyes,
    "napari": lambda image, draft: ["napari", image, draft],
    "itksnap": lambda image, draft: ["itksnap", "-g", image, "-s", draft],
    "Slicer": _slicer_labels,
}
# What these open for editing is whole labels: 0.9 of a voxel would become 0, and a mask lose its rim.
WHOLE_LABELS = ("itksnap", "Slicer")
# To look only, so that a soft mask does not look hard.
VIEWERS: Mapping[str, Program] = {
    **EDITORS,
    "itksnap": lambda image, mask: ["itksnap", "-g", image, "-o", mask],
    "Slicer": _slicer_overlay,
}


def editor_command(image: Path, draft: Path, environment: Mapping[str, str]) -> list[str] | None:
    """Return the command that opens a draft over its image to edit it; None where no editor is there.

    ``$SOFTCORD_EDITOR`` names another: its words, then image and draft.

    Raises:
        UsageError: the one that is named is not there.
    """
    named = environment.get(VARIABLE, "").strip()
    if named:
        try:
            words = shlex.split(named)
        except ValueError as error:
            raise UsageError(
                VARIABLE, f"is no command ({error}): {named}", "Write it as in a shell"
            ) from error
        if shutil.which(words[0], path=environment.get("PATH")) is None:
            raise UsageError(VARIABLE, f"{words[0]} is not on this machine", "Name another, or unset it")
        return [*words, str(image), str(draft)]
    name = _installed(environment)
    return EDITORS[name](str(image), str(draft)) if name else None


def wants_hard(environment: Mapping[str, str]) -> bool:
    """Whether the editor that :func:`editor_command` finds holds whole labels, and a draft has to be 0 and 1.

    >>> wants_hard({"PATH": "/nowhere"}), wants_hard({"SOFTCORD_EDITOR": "itksnap -s"})
    (False, True)
    """
    words = shlex.split(environment.get(VARIABLE, ""))
    return (Path(words[0]).name if words else _installed(environment)) in WHOLE_LABELS


def viewer_command(image: Path, mask: Path, environment: Mapping[str, str]) -> list[str]:
    """Return the command that shows a soft mask over its image; FSLeyes' where no program is there.

    Where the program's command line has a say, the mask is red from 0 to 1, and the image shines through.

    >>> viewer_command(Path("t2.nii.gz"), Path("t2_softseg.nii.gz"), {"PATH": "/nowhere"})[:3]
    ['fsleyes', 't2.nii.gz', 't2_softseg.nii.gz']
    """
    return VIEWERS[_installed(environment) or "fsleyes"](str(image), str(mask))


def _installed(environment: Mapping[str, str]) -> str | None:
    path = environment.get("PATH")
    return next((name for name in EDITORS if shutil.which(name, path=path)), None)
