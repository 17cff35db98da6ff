"""What ``softcord study`` says."""

import shlex
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from softcord.app.console.remedies import with_keys
from softcord.app.console.terminal import duration
from softcord.sweep.commands import Command, Entry, Standing
from softcord.sweep.folder import LOG

# What repeating the command does with a run, by where it stands.
_REPEATED: dict[Standing, str] = {
    "complete": "skip",
    "pruned": "skip",
    "failed": "try again",
    "interrupted": "go on with",
    "stale": "go on with",
    "missing": "start",
    "running": "leave alone (running)",
}
_LOG_LINES = 12


def studies_text(studies: Mapping[str, Sequence[Entry]]) -> str:
    """Say in a line each where studies stand."""
    if not studies:
        return "There is no study here"
    rows = [(name, _counts(entries), duration(_seconds(entries))) for name, entries in studies.items()]
    return columns([("study", "runs", "time"), *rows])


def status_text(name: str, entries: Sequence[Entry], commands: Sequence[Command]) -> str:
    """Say where each run stands, by method and seed, and what repeating the commands would do."""
    shared = set.intersection(*(set(entry.overrides) for entry in entries)) if entries else set()
    rows = [("state", "method", "seed", "run", "time", "")]
    for entry in entries:
        run = entry.run
        spent = duration(run.seconds) if run and run.seconds else "-"
        rows.append(
            (
                entry.standing,
                entry.method,
                str(entry.seed),
                run.name if run else "-",
                spent,
                _remark(entry, shared),
            )
        )
    parts = [f"study {name}: {_counts(entries)}; {duration(_seconds(entries))}", "", columns(rows)]
    replicates = _replicates(entries)
    if replicates:
        parts += ["", *replicates]
    for command in commands:
        # On a line of its own, to be copied whole.
        parts += ["", f"repeating this would {_would(command, entries)}:", _typed(command)]
    return "\n".join(parts)


def command_text(command: Command) -> str:
    """Say when a command was given and which runs it asks for."""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(command.given_at))
    runs = [f"  {run.method}, seed {run.seed}: {' '.join(run.overrides)}" for run in command.runs]
    return "\n".join([f"{when}  {_typed(command)}", *runs])


def run_text(study_dir: Path, entry: Entry) -> str:
    """Say all that is known of one run, and the end of its log."""
    run = entry.run
    assert run is not None
    folder = study_dir / run.name
    facts = {
        "run": run.name,
        "state": f"{entry.standing}  {_remark(entry)}".rstrip(),
        "method": f"{run.method}, seed {run.seed}",
        "time": f"{duration(run.seconds)}, of which {duration(run.seconds - run.earlier_seconds)} last",
        "process": f"{run.pid} on {run.host}" if run.pid else "-",
        "threads": str(run.threads or "-"),
        "began": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(run.started_at)) if run.pid else "-",
        "command": f"python -m softcord.{run.verb} {shlex.join(run.overrides)}",
        "fingerprint": run.fingerprint or "-",
        "store": run.store_run_id or "-",
        "folder": str(folder),
    }
    text = "\n".join(f"{key:<12}{value}" for key, value in facts.items())
    log = folder / LOG
    if not log.exists():
        return text
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]
    return "\n".join([text, "", f"{log} ends:", *(f"  {line}" for line in lines)])


def _remark(entry: Entry, shared: Collection[str] = ()) -> str:
    """Say more about a state; of a run that has not begun, the arguments that not all runs share."""
    run = entry.run
    if run is None:
        return " ".join(override for override in entry.overrides if override not in shared)
    if entry.standing in ("failed", "pruned"):
        return with_keys(run.reason)
    if entry.standing == "stale":
        return f"process {run.pid} on {run.host} was killed; {run.doing or 'it had just started'}"
    if entry.standing == "running":
        return f"process {run.pid} on {run.host}; {run.doing or 'starting'}"
    return run.doing


def _counts(entries: Iterable[Entry]) -> str:
    counts = Counter(entry.standing for entry in entries)
    return ", ".join(f"{counts[one]} {one}" for one in _REPEATED if counts[one]) or "no runs"


def _would(command: Command, entries: Sequence[Entry]) -> str:
    asked = {run.config_hash for run in command.runs}
    asked_for = [entry for entry in entries if entry.config_hash in asked]
    if command.n_trials:
        return _search_would(command.n_trials, asked_for)
    counts = Counter(_REPEATED[entry.standing] for entry in asked_for)
    return ", ".join(f"{what} {counts[what]}" for what in dict.fromkeys(_REPEATED.values()) if counts[what])


def _search_would(n_trials: int, trials: Sequence[Entry]) -> str:
    """Say what repeating a search would do, which tries other values where a trial failed."""
    counts = Counter(entry.standing for entry in trials)
    finished = counts["complete"] + counts["pruned"]
    begun = counts["interrupted"] + counts["stale"] + counts["missing"]
    new = n_trials - finished - begun - counts["running"]
    what = {"skip": finished, "go on with": begun, "leave alone (running)": counts["running"], "begin": new}
    return ", ".join(f"{word} {n}" for word, n in what.items() if n > 0)


def _replicates(entries: Sequence[Entry]) -> list[str]:
    """Name the methods that several seeds replicate on the same data, with how many are complete."""
    groups: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in entries:
        groups.setdefault((entry.method, entry.data, entry.verb), []).append(entry)
    several = len({entry.data for entry in entries}) > 1
    return [
        f"replicates {method}{f' on {data}' if several else ''}: "
        f"seeds {', '.join(str(one.seed) for one in same)} "
        f"({sum(one.standing == 'complete' for one in same)} of {len(same)} complete)"
        for (method, data, _), same in groups.items()
        if len({one.seed for one in same}) > 1
    ]


def _seconds(entries: Iterable[Entry]) -> float:
    return sum(entry.run.seconds for entry in entries if entry.run)


def _typed(command: Command) -> str:
    return f"python -m softcord.{command.verb} {shlex.join(command.arguments)}"


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Write rows of cells with each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = (zip(row, widths, strict=True) for row in rows)
    return "\n".join("  ".join(cell.ljust(width) for cell, width in row).rstrip() for row in padded)
