"""Do rounds of correcting and training again leave less to correct? The loop, with a simulated annotator.

    python benchmarks/bench_loop.py FOLDER [--contrast usual] [--seed 2051] [--people 24] [KEY=VALUE ...]

Participants as the demo's, in an echo-planar contrast that no built-in model was tested on while it was made.
In each round the newest model predicts all images, the worst ones are corrected by somebody who knows the
truth, and `experiment=train_again` learns from all corrected ones; KEY=VALUE change that. As many other
people, who are never corrected, are predicted after each round: masks below Dice 0.95 among these are the
count that choosing does not bend. One thread; FOLDER is kept, and holds the logs.
"""

import argparse
import os
import shutil
import statistics
import sys
import time
from pathlib import Path

import torch

from softcord.app.verbs.correct import main as correct
from softcord.app.verbs.loop import main as loop
from softcord.app.verbs.predict import main as predict
from softcord.app.verbs.train import main as train
from softcord.io.nifti import read_volume
from softcord.measure.overlap import dice
from softcord.phantom.dataset import write_dataset
from softcord.phantom.settings import PhantomSettings, ScanSettings
from softcord.review.masks import find_review_masks
from softcord.rounds.ledger import NEEDED_BELOW
from softcord.sweep.ledger import read_study

# usual: what conf/phantom/radiculopathy_epi.yaml says of such scans, in the view of demo's MTon; hard: noise
# beyond a usual scan's.
SCANS = {
    "usual": ScanSettings(
        (54, 64, 14), (0.89, 0.89, 5.0), (2.0, -8.0), "LAS", 0.05, 0.3, distortion_mm=1.8, dropout=0.8
    ),
    "hard": ScanSettings(
        (48, 56, 12), (1.1, 1.1, 5.0), (0.0, -4.0), "LAS", 0.22, 0.3, distortion_mm=2.0, dropout=0.5
    ),
}
ANNOTATOR = """
import shutil, sys
from pathlib import Path
image, draft = map(Path, sys.argv[1:])
root = image.parents[2]
truth = root / "derivatives" / "truth" / image.relative_to(root)
shutil.copy(truth.with_name(truth.name.replace(".nii.gz", "_label-SC_truth.nii.gz")), draft)
"""


def write_people(root: Path, scan: ScanSettings, people: int, seed: int) -> None:
    """Write a dataset without labels; the truth lies where the annotator finds it."""
    settings = PhantomSettings(
        scans={"EPI": scan}, n_participants=people, seed=seed, boundary_bias_mm={"EPI": 0.0}
    )
    write_dataset(settings, root)
    shutil.rmtree(root / "derivatives" / "labels")


def dices(root: Path) -> dict[str, float]:
    """Return the Dice of each newest mask with the truth, by image."""
    found = {}
    for one in find_review_masks(root):
        inside = one.image.parent.relative_to(root.absolute())
        truth = root / "derivatives" / "truth" / inside / f"{one.name}_label-SC_truth.nii.gz"
        found[one.name] = dice(read_volume(one.mask).data > 0.5, read_volume(truth).data > 0.5)
    return found


def told(values: list[float]) -> str:
    """Say how many of some masks need correction, and their mean Dice."""
    needed = sum(value < NEEDED_BELOW for value in values)
    return f"{needed} of {len(values)} below {NEEDED_BELOW}, mean {statistics.mean(values):.3f}"


def main() -> None:
    """Run the loop."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("folder", type=Path)
    words.add_argument("--contrast", choices=SCANS, default="usual")
    words.add_argument("--seed", type=int, default=2051)
    words.add_argument("--people", type=int, default=24)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--images", type=int, default=6)
    words.add_argument("overrides", nargs="*")
    asked = words.parse_args()
    torch.set_num_threads(1)
    asked.folder.mkdir(parents=True)
    os.chdir(asked.folder)
    Path("annotator.py").write_text(ANNOTATOR, encoding="utf-8")
    os.environ["SOFTCORD_EDITOR"] = f"{sys.executable} {Path('annotator.py').absolute()}"
    bids, others = Path("bids"), Path("others")
    write_people(bids, SCANS[asked.contrast], asked.people, asked.seed)
    write_people(others, SCANS[asked.contrast], asked.people, asked.seed + 1)
    model: list[str] = []
    for number in range(1, asked.rounds + 1):
        for root in (bids, others):
            assert predict(["-path-data", str(root), *model, "-uncertainty", "-v", "0", "-threads", "1"]) == 0
        labels = {path.name for path in (bids / "derivatives/labels_softseg").rglob("*_softseg.nii.gz")}
        now = dices(bids)
        left = [value for name, value in now.items() if f"{name}_label-SC_softseg.nii.gz" not in labels]
        print(
            f"before round {number}: not corrected yet {told(left)}; others {told([*dices(others).values()])}"
        )
        assert correct([str(bids), "--next", str(asked.images), "-by", "annotator"]) == 0
        if number < asked.rounds:
            started, study = time.process_time(), f"round{number}"
            again = ("experiment=train_again", f"data.root={bids}", "contrasts=[EPI]", f"study={study}")
            assert train([*again, "machine.threads=1", "machine.jobs=1", *asked.overrides]) == 0
            (run,) = read_study(Path("outputs") / study)
            model = ["-m", f"{study}/{run.name}"]
            print(f"trained in {time.process_time() - started:.0f} s of processor time", flush=True)
    loop(["status", str(bids)])


if __name__ == "__main__":
    main()
