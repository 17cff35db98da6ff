"""Look, before the work, whether its result may be written where it is to go."""

from collections.abc import Callable, Iterable
from pathlib import Path

from softcord.errors import UsageError
from softcord.io.files import is_same_file
from softcord.io.writable import check_writable, unwritable


def check_output(
    word: str, output: Path, inputs: Iterable[Path], is_ours: Callable[[Path], bool], *, overwrite: bool
) -> None:
    """Refuse an output file that would cost something.

    Args:
        word: the flag that names it.
        output: the file to be written.
        inputs: files that are read; none of them is ever overwritten.
        is_ours: whether what is there is a result that the same command may write anew.
        overwrite: whether a regular file that is no such result may be replaced.

    Raises:
        UsageError: it names the flag and the way out.
    """
    where = f"{word} {output}"
    for one in inputs:
        if output == one or is_same_file(output, one):
            raise UsageError(where, "is a file that is read", "Name another file")
    if output.exists() and not output.is_file():
        what = "is a folder" if output.is_dir() else "is no regular file"
        raise UsageError(where, what, "Name a file, or - for standard output")
    if output.exists() and not overwrite and not is_ours(output):
        raise UsageError(where, "exists, and is no table of softcord's", "-overwrite replaces it")
    try:
        check_writable(output.parent)
    except OSError as error:
        why = unwritable(where, error)
        raise UsageError(why.where, why.what, why.hint) from error
