"""The line that opens an image and its mask in a viewer, to be copied."""

import os
import shlex
from pathlib import Path

from softcord.app.console.streams import show
from softcord.plain import plain
from softcord.rounds.editors import viewer_command


def show_viewer(image: Path, mask: Path) -> None:
    """Show the command that opens a mask over its image: one line, quoted for a shell.

    A name that cannot be shown as it is (a control character in it) could not be copied either: no line.
    """
    command = shlex.join(viewer_command(image, mask, os.environ))
    if plain(command) == command:
        show(f"  {command}", flush=True)
