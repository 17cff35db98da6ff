"""In which precision and layout of tensors this processor trains fastest, by trying: once, then remembered.

A processor may have instructions for bfloat16 and gain nothing by them: one with AVX512-BF16 took 6.3 s for
a step in bfloat16 and 5.5 s in float32, another was 2.6 times as fast. So a small net takes a few steps in
each way.
"""

import hashlib
import json
import logging
import os
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import torch
from pydantic import TypeAdapter

import softcord
from softcord.compat.torch import computes_in_bfloat16
from softcord.io.files import write_json
from softcord.nets.unet import UNet
from softcord.train.threads import computing_in

logger = logging.getLogger("softcord")

# What is given up (bits) or unusual (a layout) has to gain at least this.
WORTH = 1.1
_STEPS = 3
_PATCH = (1, 1, 32, 32, 32)


@dataclass(frozen=True)
class Fastest:
    """How a processor computes fastest.

    ``bfloat16_gain`` is the time of a training step in float32 by that in bfloat16, ``channels_last_gain``
    that of the usual layout by that of the other. Both are 1 where there was nothing to try.
    """

    precision: Literal["float32", "bfloat16"] = "float32"
    channels_last: bool = False
    bfloat16_gain: float = 1.0
    channels_last_gain: float = 1.0


_FASTEST = TypeAdapter(Fastest)


def fastest() -> Fastest:
    """Return how this processor trains fastest: measured, or as measured before (:func:`kept_in`)."""
    path = kept_in()
    try:
        return _FASTEST.validate_python(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        pass
    measured = measure()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, asdict(measured))
        where = f"kept in {path}"
    except OSError:
        where = f"{path} cannot be written, so it is measured each time"
    gain, layout = measured.bfloat16_gain, measured.channels_last_gain
    what = "%s is fastest here: bfloat16 takes 1/%.2f of the time of float32, channels-last 1/%.2f; %s"
    logger.info(what, measured.precision, gain, layout, where)
    return measured


def kept_in() -> Path:
    """Return the file of this kind of processor and these versions, in the user's cache folder.

    That is ``softcord`` in ``$XDG_CACHE_HOME``, or in ``~/.cache``.
    """
    words = (_processor(), torch.__version__, softcord.__version__, "1")
    name = hashlib.sha256("\n".join(words).encode()).hexdigest()[:12]
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "softcord" / f"fastest-{name}.json"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags"))}))
    except OSError:
        return f"{platform.machine()} {platform.processor()}"


def measure() -> Fastest:
    """Try a few training steps of a small net in each way, in one thread, by its processor time.

    The shortest of each counts: other programs on the machine only add to it.
    """
    ways = [(False, False), (False, True)]
    if computes_in_bfloat16():
        ways += [(True, False), (True, True)]
    with computing_in(1), torch.random.fork_rng(devices=[]):
        steps = {way: _Step(*way) for way in ways}
        times_s: dict[tuple[bool, bool], list[float]] = {way: [] for way in ways}
        for _ in range(_STEPS):
            for way, step in steps.items():
                times_s[way].append(step())
    # The first of each prepares what the others use.
    return choose({way: min(times[1:]) for way, times in times_s.items()})


def choose(seconds: dict[tuple[bool, bool], float]) -> Fastest:
    """Return what to take by the time of a step, by (is bfloat16, is channels-last).

    >>> choose({(False, False): 2.0, (False, True): 2.0, (True, False): 1.0, (True, True): 1.2}).precision
    'bfloat16'
    """
    gain = seconds[False, False] / seconds.get((True, False), seconds[False, False])
    is_bfloat16 = gain >= WORTH
    layout_gain = seconds[is_bfloat16, False] / seconds[is_bfloat16, True]
    precision: Literal["float32", "bfloat16"] = "bfloat16" if is_bfloat16 else "float32"
    return Fastest(precision, layout_gain >= WORTH, round(gain, 2), round(layout_gain, 2))


class _Step:
    """A training step of a small net in one way."""

    def __init__(self, is_bfloat16: bool, is_channels_last: bool) -> None:
        layout = torch.channels_last_3d if is_channels_last else torch.contiguous_format
        net = UNet((16, 32, 64), ((1, 1, 1), (2, 2, 2), (2, 2, 2)), convs_per_stage=1)
        self.net = net.to(memory_format=layout)  # type: ignore[call-overload]
        self.image = torch.randn(_PATCH).to(memory_format=layout)
        self.is_bfloat16 = is_bfloat16

    def __call__(self) -> float:
        started = time.thread_time()
        with torch.autocast("cpu", torch.bfloat16, self.is_bfloat16):
            raw = self.net(self.image)[0]
        raw.float().square().mean().backward()
        return time.thread_time() - started
