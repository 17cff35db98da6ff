"""`softcord export`: a trained model as one file, as ONNX or as a MONAI bundle."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from softcord.app.console.exit_codes import DONE
from softcord.app.console.flags import FlagParser
from softcord.app.console.model_flags import add_place_flags
from softcord.app.console.streams import say, show
from softcord.errors import UsageError
from softcord.io.writable import unwritable

if TYPE_CHECKING:
    from softcord.predict.package import Model

# What a package consists of (softcord.predict.package, which takes seconds to import).
_PACKAGE = {"model.json", "weights.safetensors", "card.md", "sha256.txt", "self_test.safetensors.gz"}
_EXAMPLES = """\
softcord export -m demo/soft_all -o soft_all.zip                   # a package, for softcord predict -m
softcord export -m soft_all.zip -format onnx -o soft_all.onnx     # checked against torch to 0.001
softcord export -m soft_all.zip -format monai -o soft_all_bundle/  # a MONAI bundle
"""


def parser() -> FlagParser:
    """Return the parser of `softcord export`."""
    words = FlagParser(
        "export",
        "Give a trained model away: one file with weights, how to apply them, and where from.",
        _EXAMPLES,
    )
    words.add_argument("-m", "--model", required=True, metavar="MODEL", help="as for softcord predict")
    words.add_argument("-o", "--output", required=True, type=Path, metavar="PATH", help="file or folder")
    words.add_argument("-format", "--format", choices=("package", "onnx", "monai"), default="package")
    words.add_argument(
        "-name", "--name", metavar="NAME", help="what the model calls itself (default: its method)"
    )
    words.add_argument("-remarks", "--remarks", type=Path, metavar="FILE", help="Markdown to add to its card")
    words.add_argument(
        "-half", "--half", action="store_true", help="package: weights in float16, half the size"
    )
    add_place_flags(words)
    words.add_argument("-overwrite", "--overwrite", action="store_true", help="replace what is there")
    return words


def main(argv: list[str] | None = None) -> int:
    """Run `softcord export`; return the exit code."""
    return parser().run(argv, _export)


def _export(arguments: argparse.Namespace) -> int:
    output: Path = arguments.output
    _check(arguments)
    from softcord.app.console.progress import phase
    from softcord.app.models.find import find_model
    from softcord.app.records.model_facts import with_facts_of

    try:
        with phase("exporting", 0):
            model = find_model(arguments.model, arguments.outputs, arguments.store)
            model = with_facts_of(arguments.model, model, arguments.outputs, arguments.store)
            _write(_renamed(model, arguments), arguments)
    except OSError as error:
        raise unwritable(output, error) from error
    return DONE


def _write(model: "Model", arguments: argparse.Namespace) -> None:
    from softcord.predict.export import export_bundle, export_onnx, export_zip
    from softcord.predict.package import write_package
    from softcord.predict.self_test import with_self_test

    output: Path = arguments.output
    if arguments.format == "onnx":
        difference = export_onnx(output, model)
        show(f"{output}: its output differs from torch's by at most {difference:.1g}")
    elif arguments.format == "monai":
        show(str(export_bundle(output, model)))
    else:
        if arguments.half:
            model.net.half().float()  # the self-test is of the weights that are given away
        tested = with_self_test(model)
        write = export_zip if output.suffix else write_package
        show(str(write(output, tested, half=arguments.half)))
        if tested.self_test is None:
            say(f"softcord: {output}: carries no self-test: it finds no cord in a phantom.")


def _check(arguments: argparse.Namespace) -> None:
    """Refuse what cannot work before torch is loaded."""
    output: Path = arguments.output
    endings = {"package": ("", ".zip"), "onnx": (".onnx",), "monai": ("",)}[arguments.format]
    if output.suffix not in endings:
        said = " or ".join(f"end in {ending}" if ending else "be a folder" for ending in endings)
        raise UsageError("-o", f"must {said} for -format {arguments.format}, got {output}")
    if output.exists() and not _may_replace(output):
        raise UsageError(output, "exists, and is no exported model", "Name another with -o")
    if output.exists() and not arguments.overwrite:
        raise UsageError(output, "exists", "-overwrite replaces it")
    if arguments.half and arguments.format != "package":
        raise UsageError("-half", f"is for packages, not for -format {arguments.format}")
    if arguments.remarks and not arguments.remarks.is_file():
        raise UsageError("-remarks", f"{arguments.remarks} is not a file")


def _may_replace(output: Path) -> bool:
    """Whether what is there is a file of this ending, or a folder that holds a package and nothing else."""
    if not output.is_dir():
        return bool(output.suffix)
    return not output.suffix and {path.name for path in output.iterdir()} <= _PACKAGE


def _renamed(model: "Model", arguments: argparse.Namespace) -> "Model":
    described = model.description
    try:
        remarks = arguments.remarks.read_text() if arguments.remarks else described.remarks
    except ValueError as error:
        raise UsageError("-remarks", f"{arguments.remarks} is no text", "Give Markdown, in UTF-8") from error
    try:
        renamed = replace(described, name=arguments.name or described.name, remarks=remarks)
    except ValueError as error:
        raise UsageError("-name", str(error)) from error
    return replace(model, description=renamed)
