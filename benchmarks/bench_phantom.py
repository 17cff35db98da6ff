"""Time the phantom generator: one participant, each contrast of the demo preset, then all files.

Run it alone: ``python benchmarks/bench_phantom.py``. CPU seconds of one core, medians over participants.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from softcord.phantom.participant import draw_participant, image_participant, write_participant
from softcord.phantom.settings import PhantomSettings

REPEATS = 5


def main() -> None:
    settings = PhantomSettings()
    print(f"demo phantom, median of {REPEATS} participants")
    print(f"{'contrast':<10}{'voxels':>10}{'CPU s':>9}{'wall s':>9}")
    for contrast, scan in settings.scans.items():
        voxels = scan.matrix[0] * scan.matrix[1] * scan.matrix[2]
        cpu_s, wall_s = _median(
            lambda n, c=contrast: image_participant(settings, draw_participant(settings, n), c)
        )
        print(f"{contrast:<10}{voxels:>10}{cpu_s:>9.3f}{wall_s:>9.3f}")
    with tempfile.TemporaryDirectory() as folder:
        cpu_s, wall_s = _median(lambda n: write_participant(settings, n, Path(folder)))
    print(f"{'written':<10}{'':>10}{cpu_s:>9.3f}{wall_s:>9.3f}")
    two_cores_s = settings.n_participants * cpu_s / 2
    print(f"{settings.n_participants} participants on two idle cores: about {two_cores_s:.0f} s")


def _median(work: Callable[[int], object]) -> tuple[float, float]:
    cpu_s, wall_s = [], []
    for number in range(1, REPEATS + 1):
        cpu_start, wall_start = time.process_time(), time.perf_counter()
        work(number)
        cpu_s.append(time.process_time() - cpu_start)
        wall_s.append(time.perf_counter() - wall_start)
    return statistics.median(cpu_s), statistics.median(wall_s)


if __name__ == "__main__":
    main()
