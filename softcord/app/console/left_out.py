"""The line that says which images of a BIDS folder a verb does not look at."""

from pathlib import Path

from softcord.app.console.streams import say
from softcord.hints import counted, listed


def say_left_out(root: Path, way_out: str = "") -> None:
    """Say how many images have names of no known contrast, or are the second of one, if any."""
    from softcord.data.index import unlisted_images

    if found := unlisted_images(root):
        what = "left out, of no known contrast or the second of one"
        end = f". {way_out}." if way_out else "."
        say(f"softcord: {root}: {counted(len(found), 'image')} {what}: {listed(found, 3)}{end}")
