"""``softcord fetch``: download the files of a dataset that a study needs."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from softcord.app.build import build
from softcord.app.exit import DONE, FAILED
from softcord.app.launch import launch_once
from softcord.app.progress import phase
from softcord.contrasts import contrast_set
from softcord.errors import UsageError

DOWNLOADS = 4  # at a time; more do not make a server faster


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the verb and return its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    return launch_once(lambda composed: _fetch(composed.config), given)


def _fetch(config: Mapping[str, Any]) -> int:
    from softcord.data.fetch import clone_dataset, fetch_files, in_words, wanted_files
    from softcord.data.settings import read_index

    settings = build(config["data"], "data")
    if settings.url and settings.version:
        print(f"{settings.name} {settings.version}: {settings.url} to {settings.root}")
        clone_dataset(settings.url, settings.root, settings.version)
    elif not Path(settings.root).is_dir():
        raise UsageError("data.url", "is needed to clone the dataset", "Give data.url and data.version too")
    wanted = wanted_files(read_index(settings), config["gt"]["name"], contrast_set(config["contrasts"]))
    print(f"{len(wanted.files)} files to download, {in_words(wanted.n_bytes)}")
    with phase(f"fetch {settings.name}", len(wanted.files)) as on_done:
        missed = fetch_files(settings.root, wanted, jobs=DOWNLOADS, on_done=on_done)
    for one in missed[:5]:
        print(f"{one.file}: {one.reason}", file=sys.stderr)
    if missed:
        print(f"softcord: {len(missed)} files are missing; repeat the command to go on.", file=sys.stderr)
        return FAILED
    print("everything is here")
    return DONE
