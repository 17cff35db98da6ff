"""The flags of the verbs that apply a model: where it computes, and where models are looked for."""

import argparse
from pathlib import Path
from typing import Literal


def add_model_flags(words: argparse._ActionsContainer, precision: Literal["auto", "float32"]) -> None:
    """Add all of them; -precision is ``precision`` where nobody says."""
    words.add_argument(
        "-threads", "--threads", type=int, metavar="N", help="processor threads (default: all)"
    )
    add_device_flag(words)
    words.add_argument(
        "-precision",
        "--precision",
        choices=("auto", "float32", "bfloat16"),
        default=precision,
        help="auto: the faster one here, tried once and kept; float32: the same areas on every machine "
        f"(default {precision})",
    )
    add_place_flags(words)
    words.add_argument(
        "-allow", action="append", metavar="PACKAGE", help="Python package whose nets a model may be built of"
    )


def add_device_flag(words: argparse._ActionsContainer) -> None:
    """Add -device."""
    words.add_argument("-device", "--device", choices=("auto", "cpu", "cuda"), default="auto")


def add_place_flags(words: argparse._ActionsContainer) -> None:
    """Add -outputs and -store, where trained models lie."""
    words.add_argument("-outputs", type=Path, default=Path("outputs"), metavar="DIR", help="where runs lie")
    words.add_argument("-store", type=Path, default=Path("mlruns"), metavar="DIR", help="the MLflow store")
