"""Keep beside a mask how long it took, so that a run that goes on later still knows."""

from pathlib import Path

from softcord.io.files import write_json
from softcord.io.names import sidecar_of
from softcord.io.sidecar import read_sidecar

_KEY = "inference_s"


def write_inference_s(mask: Path, seconds: float) -> None:
    """Note how many seconds a mask took, the start of the program included."""
    write_json(sidecar_of(mask), {_KEY: round(seconds, 4)})


def read_inference_s(mask: Path) -> float | None:
    """Return the noted seconds, None where there are none."""
    try:
        return float(read_sidecar(mask)[_KEY])
    except (ValueError, KeyError, TypeError):
        return None
