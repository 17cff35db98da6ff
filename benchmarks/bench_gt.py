"""Time and memory of the ground truth of one full-size participant, files included.

python benchmarks/bench_gt.py [repeats]
"""

import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from softcord.contrasts import CONTRASTS, PAPER_SIX
from softcord.gt.align import align
from softcord.gt.build import build_participant
from softcord.gt.dataset import Participant, build_files
from softcord.gt.grid import cord_mask
from softcord.gt.inputs import ImageFiles, read_inputs
from softcord.gt.settings import GtSettings
from softcord.io.nifti import write_volume

# matrix and voxel size (mm) of the public dataset's images, axes R-L, A-P, S-I
FULL_SIZE = {
    "T1w": ((192, 260, 320), (1.0, 1.0, 1.0)),
    "T2w": ((64, 320, 320), (0.8, 0.8, 0.8)),
    "T2star": ((448, 448, 15), (0.5, 0.5, 5.0)),
    "MTon": ((256, 256, 22), (0.9, 0.9, 5.0)),
    "GREt1w": ((256, 256, 22), (0.9, 0.9, 5.0)),
    "dwi": ((192, 140, 18), (0.9, 0.9, 5.0)),
}


def cord(shape, spacing_mm, shift_mm):
    """Return a hard mask and affine of a cord that leans, bends and has moved by ``shift_mm``."""
    affine = np.diag([-spacing_mm[0], spacing_mm[1], spacing_mm[2], 1.0])
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    x, y, z = (affine[a, a] * np.arange(shape[a]) + affine[a, 3] for a in range(3))
    x, y = x[:, None, None] - shift_mm, y[None, :, None] - 10 * np.sin(z / 60)
    inside = (x / 6.5) ** 2 + (y / 4.0) ** 2 <= 1
    return (inside & (np.abs(z) < 125)).astype(np.uint8), affine


def write_participant(root):
    files = []
    for number, contrast in enumerate(PAPER_SIX):
        seg, affine = cord(*FULL_SIZE[contrast], 0.3 * number)
        name = f"sub-01_{CONTRASTS[contrast].stem}"
        image = root / "sub-01" / CONTRASTS[contrast].datatype / f"{name}.nii.gz"
        label = root / "derivatives" / "labels" / "sub-01" / CONTRASTS[contrast].datatype
        write_volume(image, seg, affine)
        write_volume(label / f"{name}_label-SC_seg.nii.gz", seg, affine)
        files.append(ImageFiles(contrast, str(image), str(label / f"{name}_label-SC_seg.nii.gz"), None))
    return Participant("sub-01", "n/a", tuple(files))


def seconds(function, repeats):
    """Median wall-clock and processor seconds; the second does not count what else the machine does."""
    wall, processor = [], []
    for _ in range(repeats):
        start = time.perf_counter(), time.process_time()
        function()
        wall.append(time.perf_counter() - start[0])
        processor.append(time.process_time() - start[1])
    return f"{statistics.median(wall):.2f} ({statistics.median(processor):.2f})"


def main():
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as folder:
        participant = write_participant(Path(folder))
        inputs = read_inputs(participant.files, "T2w")
        print("seconds: wall (processor)")
        print(f"{'contrast':10}{'matrix':>16}{'align':>14}")
        for contrast, seg in inputs.hard_segs.items():
            masks = cord_mask(inputs.hard_segs["T2w"]), cord_mask(seg)
            taken = seconds(lambda masks=masks: align(*masks, GtSettings()), repeats)
            print(f"{contrast:10}{'x'.join(map(str, seg.data.shape)):>16}{taken:>14}")
        read = seconds(lambda: read_inputs(participant.files, "T2w"), repeats)
        for alignment in ("translation", "rigid"):
            settings = GtSettings(alignment=alignment)
            built = seconds(lambda s=settings: build_participant(inputs.hard_segs, PAPER_SIX, s), repeats)

            def whole(settings=settings):
                with tempfile.TemporaryDirectory(dir=folder) as derivative:
                    build_files(participant, Path(derivative), settings, PAPER_SIX)

            print(f"{alignment:12} read and check {read}, build {built}, all {seconds(whole, repeats)}")
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"peak memory {peak_gb:.2f} GB (limits: 5 s on one core, 2 GB)")


if __name__ == "__main__":
    main()
