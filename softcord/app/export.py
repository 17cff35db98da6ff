"""`softcord export`: a trained model as one file, as ONNX or as a MONAI bundle."""

import argparse
from pathlib import Path

from softcord.app.exit import DONE
from softcord.app.words import Words
from softcord.errors import UsageError

_EXAMPLES = """\
examples:
  softcord export -m demo/soft_all_s1-1c4667 -o soft_all.zip            a package, for softcord predict -m
  softcord export -m soft_all.zip -format onnx -o soft_all.onnx         checked against torch to 0.001
  softcord export -m soft_all.zip -format monai -o soft_all_bundle/     a MONAI bundle
"""


def parser() -> Words:
    """Return the parser of `softcord export`."""
    words = Words(
        "export",
        "Give a trained model away: one file with weights, how to apply them, and where from.",
        _EXAMPLES,
    )
    words.add_argument("-m", "--model", required=True, metavar="MODEL", help="as for softcord predict")
    words.add_argument("-o", "--output", required=True, type=Path, metavar="PATH", help="file or folder")
    words.add_argument("-format", "--format", choices=("package", "onnx", "monai"), default="package")
    words.add_argument("-outputs", type=Path, default=Path("outputs"), metavar="DIR", help="where runs lie")
    words.add_argument("-store", type=Path, default=Path("mlruns"), metavar="DIR", help="the MLflow store")
    words.add_argument("-overwrite", "--overwrite", action="store_true", help="replace what is there")
    return words


def main(argv: list[str] | None = None) -> int:
    """Run `softcord export`; return the exit code."""
    return parser().run(argv, _export)


def _export(arguments: argparse.Namespace) -> int:
    output: Path = arguments.output
    suffix = {"package": ".zip", "onnx": ".onnx", "monai": ""}[arguments.format]
    if output.suffix != suffix:
        ending = f"end in {suffix}" if suffix else "be a folder"
        raise UsageError("-o", f"must {ending} for -format {arguments.format}, got {output}")
    if output.exists() and not arguments.overwrite:
        raise UsageError(output, "exists", "-overwrite replaces it")
    from softcord.app.find_model import find_model
    from softcord.predict.export import export_bundle, export_onnx, export_zip

    model = find_model(arguments.model, arguments.outputs, arguments.store)
    if arguments.format == "onnx":
        difference = export_onnx(output, model)
        print(f"{output}: its output differs from torch's by at most {difference:.1g}")
        return DONE
    write = export_zip if arguments.format == "package" else export_bundle
    print(write(output, model))
    return DONE
