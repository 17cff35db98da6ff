"""Time the generator of drawn patches, on one core: ``python benchmarks/bench_synthetic.py``.

The bar is 8 patches of 64 x 64 x 48 a second on two cores.
"""

import time

import numpy as np

from softcord.synthetic.patch import draw_patch
from softcord.synthetic.settings import SyntheticSettings

REPEATS = 60


def main() -> None:
    settings = SyntheticSettings()
    print(f"{'patch':<14}{'CPU s':>9}{'a second and core':>19}")
    for shape in ((48, 48, 48), (64, 64, 48), (64, 64, 64)):
        draw_patch(np.random.default_rng(0), shape, settings)
        start = time.process_time()
        for index in range(REPEATS):
            draw_patch(np.random.default_rng([1, index]), shape, settings)
        cpu_s = (time.process_time() - start) / REPEATS
        print(f"{' x '.join(map(str, shape)):<14}{cpu_s:>9.3f}{1 / cpu_s:>19.1f}")


if __name__ == "__main__":
    main()
