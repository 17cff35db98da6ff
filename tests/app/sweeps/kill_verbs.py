"""Kill each verb that takes long again and again, repeat its command, and say what came of it.

    python tests/app/sweeps/kill_verbs.py FOLDER SEED CASE=KILLS ...

Every attempt is a fork of this process, which has imported everything but computed nothing. The moments are
random, from a seed, within the time that the undisturbed command took; every second signal is SIGTERM, the
others SIGKILL. Prints a JSON object per verb that test_kill.py looks at.
"""

import hashlib
import json
import os
import random
import re
import shutil
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from softcord.app.main import main as softcord
from softcord.io.nifti import write_volume
from tests.app.sweeps.kill_study import POOL, orphans, wait

TINY = (
    *("phantom=tiny", "model.features=[4,8]", "model.strides=[[1,1,1],[2,2,2]]", "train.batch_size=4"),
    *("train.patch_size_mm=[32,48,64]", "augment=none", "contrasts=2", "split.train=0.5", "split.test=0.3"),
    *("machine.threads=1", "machine.jobs=1", "machine.accelerator=cpu", "machine.precision=float32"),
)
TRAIN = ("train", *TINY, "train.epochs=2", "train.validate_every_epochs=1", "study=k", "-m", "gt=soft,hard")
SEARCH = (
    *("train", *TINY, "train.epochs=1", "train.validate_every_epochs=1", "study=k", "-m"),
    *("experiment=search_awing", "hydra.sweeper.n_trials=2"),
)
ATTEMPTS = 5  # for each kill, since some commands have ended before it
IMAGES = tuple(f"in/{i}.nii.gz" for i in range(12))
# What a process says that stumbled instead of stopping.
STUMBLED = re.compile(r"Traceback|UnpicklingError|leaked semaphore|resource_tracker|SOFTCORD_TRACEBACK")


@dataclass(frozen=True)
class Case:
    """A command, the files that it is to end with, and what it starts from.

    Of results that are drawn anew at each start only the number is the same.
    """

    name: str
    words: tuple[str, ...]
    results: tuple[str, ...]
    needs: tuple[str, ...] = ()
    is_drawn: bool = False


# From what is cheapest to kill to what is dearest.
CASES = (
    Case("predict", ("predict", "-i", *IMAGES, "-m", "model", "-o", "out"), ("out/**/*.nii.gz",)),
    Case("prepare", ("prepare", "phantom=tiny", "machine.jobs=1"), ("data/**/*_softseg.nii.gz",)),
    Case("sequential", TRAIN, ("outputs/k/*/measures.csv",)),
    Case("pool", (*TRAIN, *POOL), ("outputs/k/*/measures.csv",)),
    Case(
        "compare",
        ("compare", "study=k", "compare.qc=0", "machine.threads=1"),
        ("outputs/k/comparisons.csv", "outputs/k/tables/*.csv"),
        ("outputs", "mlruns"),
    ),
    # Its trials depend on when it was begun again; how many end, and that each ends once, does not.
    Case("search", SEARCH, ("outputs/k/*/measures.csv",), is_drawn=True),
)


def start(folder: Path, words: tuple[str, ...]) -> int:
    """Run a command in a fork, in a session of its own; return its process id."""
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    os.chdir(folder)
    log = os.open("command.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    try:
        os._exit(softcord(list(words)))
    except BaseException:
        os._exit(99)


def digests(folder: Path, case: Case) -> dict[str, str]:
    """Checksum of each result by its place; of drawn ones, a number each."""
    if case.is_drawn:
        found = [path for pattern in case.results for path in folder.glob(pattern)]
        return {str(number): "" for number in range(len(found))}
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for pattern in case.results
        for path in sorted(folder.glob(pattern))
    }


def unlike(expected: dict[str, str], found: dict[str, str]) -> set[str]:
    """Results that are not what the undisturbed command wrote, missing ones among them."""
    return {name for name in expected | found if expected.get(name) != found.get(name)}


def doubled(folder: Path) -> list[str]:
    """Runs that the store holds twice, or that it does not hold as complete."""
    if not (folder / "mlruns/mlflow.db").exists():
        return []
    from softcord.track.store import STATE_TAG, open_store

    client = open_store(folder / "mlruns").client()
    experiment = client.get_experiment_by_name("k")
    runs = client.search_runs([experiment.experiment_id], max_results=1000)
    own = [run for run in runs if run.data.tags.get("softcord.role") is None]
    names = Counter(str(run.info.run_name) for run in own)
    ends = ("complete", "pruned")
    unfinished = [run.info.run_name for run in own if run.data.tags.get(STATE_TAG) not in ends]
    return [*(name for name, n in names.items() if n > 1), *map(str, unfinished)]


def half_written(folder: Path) -> list[str]:
    """What lies there under a temporary name after the command has come to its end."""
    return [str(path) for path in folder.rglob("*") if re.fullmatch(r"\.[0-9a-f]{12}.*", path.name)]


def try_case(case: Case, place: Path, template: Path, n: int, draw: random.Random) -> dict[str, object]:
    """Run a command undisturbed and, elsewhere, killed n times; say how the two ends differ.

    What has come to its end before the signal is compared, and begun anew: an end cannot be killed.
    """
    left_alone, killed = place / f"{case.name}-undisturbed", place / f"{case.name}-killed"
    for folder in (left_alone, killed):
        shutil.copytree(template, folder, symlinks=True)
    began = time.monotonic()
    code = wait(start(left_alone, case.words))
    takes_s = time.monotonic() - began
    expected, differing = digests(left_alone, case), set[str]()
    hits, odd_codes, left, said = 0, [], [], ""
    for number in range(ATTEMPTS * n):
        if hits == n:
            break
        sent = signal.SIGTERM if number % 2 else signal.SIGKILL
        pid = start(killed, case.words)
        time.sleep(draw.uniform(0.02, 0.9 * takes_s))
        os.kill(pid, sent)
        ended = wait(pid)
        hits += ended in (130, -9)
        odd_codes += [ended] if ended not in (0, 130 if sent == signal.SIGTERM else -9) else []
        left += orphans(pid)
        if ended == 0:
            differing |= unlike(expected, digests(killed, case))
            said += (killed / "command.log").read_text(errors="replace")
            shutil.rmtree(killed)
            shutil.copytree(template, killed, symlinks=True)
    last = wait(start(killed, case.words))
    said += (killed / "command.log").read_text(errors="replace")
    return {
        "case": case.name,
        "kills": n,
        "hits": hits,
        "takes_s": round(takes_s, 1),
        "codes": [code, last],
        "odd_codes": odd_codes,
        "results": len(expected),
        "differing": sorted(differing | unlike(expected, digests(killed, case))),
        "doubled": doubled(killed),
        "half_written": half_written(killed),
        "orphans": left,
        "stumbled": said[found.start() :][:3000].splitlines() if (found := STUMBLED.search(said)) else [],
    }


def make_template(folder: Path) -> Path:
    """Images to predict, a package to do it with, and phantoms that no attempt has to draw again."""
    from softcord.app.verbs.phantom import main as phantom
    from softcord.nets.unet import UNet
    from softcord.predict.package import Model, ModelDescription, NetDescription, write_package

    arguments = {"features": [2, 4], "strides": [[1, 1, 1], [2, 2, 2]], "convs_per_stage": 1}
    net = UNet((2, 4), ((1, 1, 1), (2, 2, 2)), convs_per_stage=1)
    described = NetDescription("softcord.nets.unet.UNet", arguments)
    write_package(folder / "model", Model(net, ModelDescription("m", described, (16, 16, 16), "clip")))
    for i, name in enumerate(IMAGES):
        image = np.random.default_rng(i).random((24, 24, 20), np.float32)
        write_volume(folder / name, image, np.diag([-1.0, 1, 1, 1]))
    os.chdir(folder)
    assert phantom(["phantom=tiny", "machine.jobs=1"]) == 0
    return folder


def main(place: Path, seed: int, kills: dict[str, int]) -> None:
    import softcord.app.runs.training
    import softcord.evaluation.run
    import softcord.train.run  # noqa: F401

    place.mkdir(parents=True)
    pid = os.fork()
    if not pid:  # what is computed here would make forks of this process slower, and unsafe
        make_template(place / "template")
        os._exit(0)
    assert wait(pid) == 0
    draw = random.Random(seed)
    made = place / "template"
    for case in (case for case in CASES if case.name in kills):
        template = made
        if case.needs:
            template = place / "with-study"
            shutil.copytree(made, template, symlinks=True)
            for name in case.needs:
                shutil.copytree(place / "sequential-undisturbed" / name, template / name, symlinks=True)
        print(json.dumps(try_case(case, place, template, kills[case.name], draw)), flush=True)


if __name__ == "__main__":
    asked = (word.partition("=") for word in sys.argv[3:])
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]), {name: int(n) for name, _, n in asked})
