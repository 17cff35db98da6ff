"""How long index and check of a dataset take (wall and processor time), and how that grows.

The full tree is the published one (../shared/data/spine-generic), where it is there; the growing ones are
made up, sixty files a participant, about as many as there. They lie in the folder for temporary files: on a
disk that includes what the system reads again, with TMPDIR=/dev/shm it does not.
"""

import resource
import statistics
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from softcord.contrasts import CONTRASTS, PAPER_SIX
from softcord.data.bids import LABEL_KINDS
from softcord.data.checks.dataset import check_dataset
from softcord.data.index import index_dataset
from softcord.data.settings import DataSettings

ARCHIVE = Path(__file__).parents[2] / "shared/data/spine-generic/data-multi-subject_r20250310_pointers.tar.xz"
POINTER = f"/annex/objects/SHA256E-s1234--{'0' * 64}.nii.gz\n"
SIZES = (100, 1000, 10_000)


def make_tree(root: Path, participants: int) -> None:
    for i in range(participants):
        name = f"sub-{i:05}"
        for contrast in PAPER_SIX:
            row = CONTRASTS[contrast]
            stem = f"{name}_{row.stem}"
            folders = [root / name / row.datatype]
            names = [stem]
            for kind in ("hard_seg", "soft_seg", "soft_bin_seg", "discs"):
                folders.append(root / "derivatives" / LABEL_KINDS[kind].folder / name / row.datatype)
                names.append(f"{stem}_{LABEL_KINDS[kind].endings[0]}")
            for folder, file in zip(folders, names, strict=True):
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{file}.nii.gz").write_text(POINTER)
                (folder / f"{file}.json").write_text("{}")
    lines = "".join(f"sub-{i:05}\n" for i in range(participants))
    (root / "participants.tsv").write_text(f"participant_id\n{lines}")


def seconds(work: Callable[[], object], repeats: int) -> tuple[float, float, float]:
    """The first time, the median of the others, and the median of their processor time."""
    wall, processor = [], []
    for _ in range(repeats + 1):
        start = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - start[0])
        processor.append(time.process_time() - start[1])
    return wall[0], statistics.median(wall[1:]), statistics.median(processor[1:])


def report(label: str, root: Path, repeats: int) -> None:
    files = sum(1 for path in root.rglob("*") if not path.is_dir() and "sourcedata" not in path.parts)
    index = seconds(lambda: index_dataset(root), repeats)
    check = seconds(lambda: check_dataset(DataSettings("bench", root), depth="names"), repeats)
    times = " ".join(f"{value:9.2f}" for value in (*index, *check))
    print(f"{label:22} {files:8} {times}")


def main() -> None:
    sizes = [int(value) for value in sys.argv[1:]] or SIZES
    heads = ("index s", "repeated", "processor", "check s", "repeated", "processor")
    print(f"{'tree':22} {'files':>8} {' '.join(f'{head:>9}' for head in heads)}")
    with tempfile.TemporaryDirectory() as folder:
        if ARCHIVE.exists():
            with tarfile.open(ARCHIVE) as tar:
                tar.extractall(folder, filter="data")
            report("spine-generic r20250310", Path(folder) / "data-multi-subject", 5)
        for participants in sizes:
            root = Path(folder) / str(participants)
            make_tree(root, participants)
            report(f"{participants} participants", root, 3 if participants < 5000 else 1)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
