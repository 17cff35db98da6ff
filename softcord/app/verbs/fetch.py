"""``softcord fetch``: download the files of a dataset that a study needs."""

import re
import sys
from collections.abc import Sequence

from softcord.app.config.compose import Composed
from softcord.app.config.help import usage_of
from softcord.app.config.instantiate import suggest
from softcord.app.config.plan import Plan, make_plan
from softcord.app.console.exit_codes import DONE, FAILED, guarded
from softcord.app.console.progress import phase
from softcord.app.console.streams import say, show
from softcord.app.console.terminal import start_logging
from softcord.app.own.folders import options
from softcord.app.sweeps.launch import launch_once
from softcord.errors import UsageError
from softcord.hints import counted

DOWNLOADS = 4  # at a time; more do not make a server faster
# Words of this verb, and the keys that they stand for.
WORDS = {
    "dataset": "data",
    "version": "data.version",
    "url": "data.url",
    "root": "data.root",
    "participants": "data.participants",
    "contrasts": "contrasts",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the verb and return its exit code."""
    start_logging()
    given = sys.argv[1:] if arguments is None else list(arguments)
    return guarded(lambda: launch_once(_fetch, translated(given), usage_of("fetch")))


def translated(arguments: Sequence[str]) -> list[str]:
    """Replace this verb's own words by keys, and lists without brackets (``participants=a,b``) by lists.

    Raises:
        UsageError: a key that is given twice, once by its word.
    """
    keys: dict[str, str] = {}
    changed = []
    for argument in arguments:
        word, equals, value = argument.partition("=")
        key = WORDS.get(word, word)
        if equals and key in keys:
            raise UsageError(word, f"says again what {keys[key]} says", "Give one of them")
        keys[key] = word
        changed.append(f"{key}={_as_typed(word, value)}" if equals else argument)
    return changed


def _as_typed(word: str, value: str) -> str:
    """Write a word's value as Hydra reads it: a list in brackets, a tag such as 1.0 and a path as text.

    Raises:
        UsageError: a dataset that conf/data does not have.
    """
    if word in ("contrasts", "participants") and re.fullmatch(r"[^\[\]{}]+,[^\[\]{}]*", value):
        return f"[{value}]"
    if word == "participants" and re.fullmatch(r"[^\[\]{}]+", value):
        return f"[{value}]"
    if word in ("version", "url", "root") and not re.search(r"['\"\\]", value):
        return f"'{value}'"
    if word == "dataset" and value.lower() not in options("data"):
        raise UsageError(f"dataset={value}", "there is no such option", suggest(value, options("data")))
    return value.lower() if word == "dataset" else value


def _fetch(composed: Composed) -> int:
    from softcord.data.fetch import need_tools

    if composed.choices["data"] == "phantom":
        hint = "Name a dataset: dataset=spine_generic, or dataset=bids root=PATH url=ADDRESS version=TAG"
        raise UsageError("fetch", "the phantom dataset is made here, not downloaded", hint)
    plan = make_plan(composed)
    need_tools()
    codes = [_fetch_one(one) for one in plan.for_each_dataset() if one.choices["data"] != "phantom"]
    return max(codes, default=DONE)


def _fetch_one(plan: Plan) -> int:
    from softcord.data.fetch import clone_dataset, fetch_files, in_words, wanted_files
    from softcord.data.settings import read_index

    settings = plan.data
    if settings.url and settings.version:
        show(f"{settings.name} {settings.version}: {settings.url} to {settings.root}")
        with phase(f"cloning {settings.name}", 0):
            clone_dataset(settings.url, settings.root, settings.version)
    elif not settings.root.is_dir():
        hint = f"Give url=ADDRESS and version=TAG, or the root of a clone ({settings.root} is none)"
        raise UsageError("data.url", "is needed to clone the dataset", hint)
    wanted = wanted_files(read_index(settings), plan.gt.name, plan.contrasts)
    show(f"{counted(len(wanted.files), 'file')} to download, {in_words(wanted.n_bytes)}")
    with phase(f"fetch {settings.name}", len(wanted.files)) as on_done:
        missed = fetch_files(settings.root, wanted, jobs=DOWNLOADS, on_done=on_done)
    for one in missed[:5]:
        say(f"{one.file}: {one.reason}")
    if missed:
        are = counted(len(missed), "file is", "files are")
        say(f"softcord: {are} missing; repeat the command to go on.")
        return FAILED
    show("everything is here")
    return DONE
