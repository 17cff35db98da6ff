"""Arguments of a training of seconds: a tiny phantom, net and patch, in one process of one thread."""

from collections.abc import Callable
from pathlib import Path

# What copies data/ with the tiny phantom into a folder: the fixture lay_tiny_phantom of tests/app.
Lay = Callable[[Path], None]

QUICK = (
    "phantom=tiny",
    "model.features=[4,8]",
    "model.strides=[[1,1,1],[2,2,2]]",
    "train.batch_size=4",
    "train.patch_size_mm=[32,48,64]",
    "machine.threads=1",
    "machine.jobs=1",
    "machine.accelerator=cpu",
)
# The headline study, made as small: four methods of one epoch each.
HEADLINE = (
    *("-m", "gt=soft,hard", "loss=awing,dicece"),
    *QUICK,
    "augment=none",
    "contrasts=2",
    "split.train=0.5",
    "split.test=0.3",
    "train.epochs=1",
)
