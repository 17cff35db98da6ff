"""``softcord study``: where the runs of a study stand, one of them in detail, run again, clean up."""

import argparse
import socket
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from softcord.app.config.compose import Overrides, compose, is_for_engine
from softcord.app.config.instantiate import TARGET
from softcord.app.console.exit_codes import DONE
from softcord.app.console.flags import FlagParser, LineParser
from softcord.app.console.streams import say, show
from softcord.app.models.run_names import find_study, studies, taken_apart, the_run
from softcord.app.results.study_text import command_text, run_text, status_text, studies_text
from softcord.errors import DataError, UsageError
from softcord.plain import plain
from softcord.sweep.commands import Entry, read_commands, read_entries
from softcord.sweep.ledger import Verb, unusable_runs
from softcord.sweep.leftovers import TRASH, Leftover, find_leftovers, remove, trash_of

_EXAMPLES = """\
softcord study status                      # all studies, a line each; softcord study status mine: one
softcord study show mine METHOD            # one run: choices, numbers, where its files are
softcord study rerun mine --failed         # from where they stopped

softcord study VERB -h lists the arguments of one.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the verb and return its exit code."""
    return parser().run(arguments, lambda given: int(given.verb(given)))


def parser() -> FlagParser:
    """Return the parser of `softcord study`."""
    return _StudyParser()


class _StudyParser(FlagParser):
    """A parser of several verbs, which takes NAME --outputs FOLDER RUN, with an option between the two."""

    def __init__(self) -> None:
        what = "Where the runs of a study stand, one of them in detail, run again, clean up."
        super().__init__("study", what, _EXAMPLES)
        self._verbs = _verbs(self)

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """Parse a command line by the parser of its verb."""
        if argv[0] in self._verbs:
            return self._verbs[argv[0]].parse_intermixed_args(argv[1:])
        return self.parse_args(argv)


def _verbs(parser: argparse.ArgumentParser) -> dict[str, LineParser]:
    """Add the verbs to a parser, and return the parser of each."""
    shared = LineParser(add_help=False)
    shared.add_argument(
        "--outputs", type=Path, default=Path("outputs"), help="folder of the studies (outputs)"
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB", parser_class=LineParser)

    status = verbs.add_parser("status", parents=[shared], help="which runs are done, failed, missing")
    status.add_argument("name", nargs="?", help="the study; all studies in a line each without it")
    status.set_defaults(verb=_status)

    show = verbs.add_parser("show", parents=[shared], help="the study's commands and runs, or one run")
    show.add_argument("name", help="the study, or STUDY/METHOD for one run")
    show.add_argument("run", nargs="?", help="METHOD, METHOD@SEED or a unique beginning")
    show.set_defaults(verb=_show)

    rerun = verbs.add_parser("rerun", parents=[shared], help="run again what failed, or chosen runs anew")
    rerun.add_argument("name", help="the study")
    rerun.add_argument("run", nargs="*", help="METHOD, METHOD@SEED or unique beginnings: each is made anew")
    rerun.add_argument("--failed", action="store_true", help="the runs that failed, from where they stopped")
    rerun.add_argument("--yes", action="store_true", help="also commands of another machine, unasked")
    rerun.add_argument("--launcher", help="pool, joblib, ...: as hydra/launcher of softcord train")
    rerun.set_defaults(verb=_rerun)

    clean = verbs.add_parser(
        "clean", parents=[shared], help="say what is left over, and move it to the trash"
    )
    clean.add_argument("name", help="the study")
    clean.add_argument("--failed", action="store_true", help="also the runs that failed or were interrupted")
    clean.add_argument("--yes", action="store_true", help="without asking")
    clean.add_argument("--purge", action="store_true", help="delete, also the trash, instead of moving there")
    clean.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    clean.set_defaults(verb=_clean)
    return verbs.choices


def _status(given: argparse.Namespace) -> int:
    if given.name is None:
        show(studies_text({folder.name: read_entries(folder) for folder in _studies(given.outputs)}))
        _say_unusable(_studies(given.outputs))
        return DONE
    folder = _folder(given)
    show(status_text(folder.name, read_entries(folder), read_commands(folder)))
    _say_unusable([folder])
    return DONE


def _say_unusable(folders: Iterable[Path]) -> None:
    for folder in folders:
        for run_dir, why in unusable_runs(folder).items():
            say(f"softcord: {run_dir}: counts as no run: {why}.")


def _show(given: argparse.Namespace) -> int:
    folder = _folder(given)
    entries = read_entries(folder)
    if given.run is not None:
        show(run_text(folder, _chosen(folder.name, entries, given.run)))
        return DONE
    show(status_text(folder.name, entries, read_commands(folder)))
    for command in read_commands(folder):
        show(f"\n{command_text(command)}")
    return DONE


def _rerun(given: argparse.Namespace) -> int:
    from softcord.app.console.terminal import start_logging

    folder = _folder(given)
    entries = read_entries(folder)
    if given.failed == bool(given.run):
        raise UsageError("softcord study rerun", "needs either --failed or the names of runs")
    if given.failed:
        chosen = [entry for entry in entries if entry.standing == "failed"]
    else:
        chosen = [_chosen(folder.name, entries, name) for name in given.run]
    if not chosen:
        show(f"study {folder.name}: nothing has failed")
        return DONE
    if not _may_run(chosen, yes=given.yes):
        show("Nothing was run; --yes runs them")
        return DONE
    _check_place(folder, chosen[0])
    start_logging()
    engine = (f"hydra/launcher={given.launcher}",) if given.launcher else ()
    anew = () if given.failed else ("rerun=true",)
    runs: dict[Verb, list[Overrides]] = {}
    for entry in chosen:
        runs.setdefault(entry.verb, []).append((*entry.overrides, *anew))
    return max(_run_again(verb, same, engine) for verb, same in runs.items())


def _may_run(chosen: Sequence[Entry], *, yes: bool) -> bool:
    """Show what would be run where a record was not made here; ask, as anybody may have written it.

    Raises:
        UsageError: a record wants more than to say what the run is.
    """
    for entry in chosen:
        for override in entry.overrides:
            if is_for_engine(override) or f"{TARGET}=" in override.replace(" ", ""):
                where = entry.run.name if entry.run else entry.method
                raise UsageError(where, f"its record says {override}", "Type that command yourself")
    foreign = [entry for entry in chosen if entry.run and entry.run.host not in ("", socket.gethostname())]
    for entry in foreign:
        assert entry.run is not None
        show(f"{entry.run.name} (of {entry.run.host}): {entry.verb} {plain(' '.join(entry.overrides))}")
    return not foreign or yes or _agreed("Run what these say")


def _check_place(folder: Path, entry: Entry) -> None:
    """Refuse to run again from where the same arguments would mean another folder."""
    from softcord.app.config.plan import make_plan

    meant = make_plan(compose(*entry.overrides)).study_dir
    if meant.resolve() != folder.resolve():
        what = f"was made from another folder: here its runs would go to {meant}"
        raise UsageError(folder, what, "Go to where its command was given")


def _run_again(verb: Verb, runs: Sequence[Overrides], engine: Overrides) -> int:
    from softcord.app.sweeps.launch import run_all

    if verb == "evaluate":
        from softcord.app.verbs.evaluate import evaluate_one, evaluation_study

        return run_all(evaluate_one, runs, engine, evaluation_study(), ())
    from softcord.app.verbs.train import train_one, training_study

    return run_all(train_one, runs, engine, training_study(), ())


def _clean(given: argparse.Namespace) -> int:
    folder = _folder(given)
    found = find_leftovers(folder, unfinished=given.failed) + (trash_of(folder) if given.purge else [])
    if not found:
        show(f"study {folder.name}: nothing is left over")
        return DONE
    for leftover in found:
        show(f"{_size(leftover.n_bytes):>8}  {leftover.what}  {leftover.path or ''}")
    show(f"{_size(sum(leftover.n_bytes for leftover in found)):>8}  in all")
    what = "Delete all this for good" if given.purge else "Move all this to the study's trash"
    if given.dry_run or not (given.yes or _agreed(what)):
        show("Nothing was removed; --yes removes it")
        return DONE
    return _remove(folder, found, purge=given.purge)


def _remove(folder: Path, found: Iterable[Leftover], *, purge: bool) -> int:
    busy = [leftover for leftover in found if not remove(folder, leftover, purge=purge)]
    for leftover in busy:
        say(f"left alone, since a process is at work in it: {leftover.path}")
    show("Deleted" if purge else f"Moved to {folder / TRASH}; --purge deletes what is there")
    return DONE


def _agreed(what: str) -> bool:
    return sys.stdin.isatty() and input(f"{what}? [y/N] ").strip().lower() in ("y", "yes")


def _folder(given: argparse.Namespace) -> Path:
    """Return the study's folder; of ``STUDY/METHOD`` the rest names the run."""
    said = taken_apart(given.name)
    if said.name and not getattr(given, "run", None):
        rest = given.name.partition("/")[2]
        given.run = [rest] if given.verb is _rerun else rest
    try:
        return find_study(said.study, given.outputs)
    except DataError as error:
        raise UsageError(error.where, error.what, error.hint) from error


def _studies(outputs: Path) -> list[Path]:
    return [outputs / name for name in studies(outputs)]


def _chosen(study: str, entries: Sequence[Entry], name: str) -> Entry:
    """Return the run of a study that a word names, with or without the study's name before it."""
    word = name if name.startswith(f"{study}/") else f"{study}/{name}"
    runs = {entry.run.name: entry for entry in entries if entry.run}
    try:
        said = taken_apart(word)
        return runs[the_run(word, said, [entry.run for entry in runs.values() if entry.run], "run").name]
    except DataError as error:
        raise UsageError(error.where, error.what, error.hint) from error


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.1f} MB"
