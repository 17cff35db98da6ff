"""Programs of others that segment the cord, one image a call, such as those of the Spinal Cord Toolbox."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from softcord.errors import RunError, UsageError
from softcord.io.files import replacing
from softcord.processes.program import run_process

_OUTPUT = "seg.nii.gz"


@dataclass(frozen=True)
class Tool:
    """How a program is called.

    Args:
        command: the program and its arguments, with ``{image}``, ``{contrast}`` and ``{output}`` where those
            go.
        contrasts: the program's own word by contrast key, for ``{contrast}``; empty if it needs none.
            Images of other contrasts are marked missing.
        version: the command that prints its version; empty if there is none.
        install: what to do where the program is absent.
        timeout_s: longest time for one image, in seconds.
    """

    command: tuple[str, ...]
    install: str
    contrasts: Mapping[str, str] = field(default_factory=dict)
    version: tuple[str, ...] = ()
    timeout_s: float = 1800.0

    def __post_init__(self) -> None:
        """Refuse a command that could not segment an image."""
        lacking = [name for name in ("{image}", "{output}") if name not in self.command[1:]]
        if lacking:
            raise ValueError(f"command: needs the argument {' and '.join(lacking)}")
        if self.timeout_s <= 0:
            raise ValueError(f"timeout_s: must be > 0, got {self.timeout_s:g}")

    @property
    def program(self) -> str:
        """The name that is looked up on the PATH."""
        return self.command[0]


def check_tool(tool: Tool) -> None:
    """Look the program up.

    Raises:
        UsageError: it is not on the PATH.
    """
    if shutil.which(tool.program) is None:
        raise UsageError(tool.program, "not found", tool.install)


def tool_version(tool: Tool) -> str:
    """Return what the program says its version is, "n/a" where it does not."""
    if not tool.version or shutil.which(tool.version[0]) is None:
        return "n/a"
    try:
        done = subprocess.run(tool.version, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):  # the masks matter more than who made them
        return "n/a"
    lines = [line.strip() for line in (done.stdout or done.stderr).splitlines() if line.strip()]
    return lines[-1] if lines else "n/a"


def segment(tool: Tool, image: Path, contrast: str, output: Path, log: Path) -> float:
    """Let the program segment one image; leave its mask at ``output`` and return the seconds it took.

    The mask appears whole or not at all; what else the program writes is thrown away.

    Raises:
        RunError: the contrast is unknown to the program, it fails, takes too long, or leaves no mask.
    """
    if tool.contrasts and contrast not in tool.contrasts:
        known = ", ".join(tool.contrasts)
        raise RunError(tool.program, f"does not know the contrast {contrast}", f"It knows {known}")
    output.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=output.parent, prefix=".") as folder:
        made = Path(folder) / _OUTPUT
        words = {"image": image.absolute(), "output": made, "contrast": tool.contrasts.get(contrast, "")}
        command = [word.format_map(words) for word in tool.command]
        seconds = run_process(command, log, timeout_s=tool.timeout_s)
        if not made.is_file():
            raise RunError(tool.program, "ended without writing a mask", f"Its output is in {log}")
        with replacing(output) as temporary:
            made.replace(temporary)
    return seconds
