"""``softcord ingest``: adopt a method's predictions, or run a known program, and measure it like our own."""

import sys
from collections.abc import Sequence

from softcord.app.config.help import usage_of
from softcord.app.console.exit_codes import guarded
from softcord.app.console.terminal import start_logging
from softcord.app.own.folders import config_dir
from softcord.app.sweeps.launch import launch
from softcord.app.verbs.train import train_one, training_study
from softcord.errors import UsageError

# Options of engine= that are no tool to be run by name.
_NO_TOOLS = ("softcord", "predictions", "nnunet2d", "nnunet3d", "per_contrast", "rounds", "synthetic")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the verb and return its exit code."""
    start_logging()
    given = list(sys.argv[1:] if arguments is None else arguments)
    usage = usage_of("ingest").replace("{tools}", f"\n{' ' * 29}".join(tools()))
    asks = any(argument.startswith("-") and argument not in ("-m", "--multirun") for argument in given)
    if asks and not any(argument.startswith("method=") for argument in given):
        return launch(train_one, given, training_study, usage)  # a question about the configuration as such
    return guarded(lambda: launch(train_one, translated(given), training_study, usage))


def tools() -> list[str]:
    """Return the programs that softcord knows how to run."""
    return sorted(
        path.stem for path in (config_dir() / "engine").glob("*.yaml") if path.stem not in _NO_TOOLS
    )


def translated(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with method, path and pattern as keys of the configuration.

    Raises:
        UsageError: a method without path that is no known tool, or no method at all.
    """
    words = {key: value for key, equals, value in (one.partition("=") for one in arguments) if equals}
    method = words.get("method")
    if not method:
        raise UsageError("method", "is missing", "softcord ingest method=NAME path=FOLDER")
    rest = [one for one in arguments if one.partition("=")[0] not in ("method", "path", "pattern")]
    if "path" in words:
        keys = {"engine.name": method, "engine.path": words["path"], "engine.pattern": words.get("pattern")}
        return [
            "engine=predictions",
            *(f"{key}={_quoted(value)}" for key, value in keys.items() if value),
            *rest,
        ]
    unknown = [name for name in method.lower().split(",") if name not in tools()]
    if unknown:
        hint = f"Add path=FOLDER, or name a tool that softcord can run: {', '.join(tools())}"
        raise UsageError(f"method={unknown[0]}", "has no path to its predictions", hint)
    if "pattern" in words:
        raise UsageError(
            "pattern", "says how files below path= are named, but there is no path", "Add path=FOLDER"
        )
    return [f"engine={method}", *rest]


def _quoted(value: str) -> str:
    """Quote a value, so that braces and commas in it mean nothing to Hydra."""
    if value[0] in "'\"":
        return value
    escaped = value.replace("'", "\\'")
    return f"'{escaped}'"
