"""``--help`` of the verbs that take ``key=value``: every choice, and everything that can be set."""

from collections.abc import Iterable

from omegaconf import OmegaConf

from softcord.app.config.compose import initialised
from softcord.app.own.folders import groups, options

_FLAGS = """\
  -m               run every combination of comma-separated values: gt=soft,hard loss=awing,dicece
  --cfg job        print the configuration and stop; --info says where each value comes from
  --config-dir DIR read a folder like conf/ of your own first; -allow PKG its classes from that package
"""
_KEYS = """\
Usual keys:
  data=bids data.root=PATH   your images; without it a phantom dataset is made
  contrasts=[T1w,T2w]        the contrasts that are used; 2, 4 and 6 are the paper's sets
  gt=soft                    soft, hard, soft_bin: learnt from; reference=hard: measured against
  loss=awing                 awing, dicece, dice or your own
  model=small                small, small_deep, nnunet or your own
  augment=light              none, light, paper, …; train=demo, laptop, paper, finetune
  split.hold_out_test=[sub-01]   who tests; drawn by a seed without it
  seed=1                     replicates: -m seed=1,2,3
  study=NAME                 results lie in outputs/NAME and are compared with each other
  machine.threads=2          machine.jobs=2 machine.accelerator=gpu: what it runs on
"""
_ABOUT = {
    "train": (
        "train, predict, measure and record one method, or each of a sweep",
        "softcord train -m gt=soft,hard loss=awing,dicece",
        "softcord train data=bids data.root=my-data gt=hard reference=hard 'contrasts=[T1w,T2w]' study=mine",
        "softcord train experiment=synthetic_then_real data.root=my-data study=tuned",
    ),
    "prepare": (
        "build the soft ground truth from the hard masks of several contrasts",
        "softcord prepare data=bids data.root=my-data",
        "softcord prepare data=bids data.root=my-data 'contrasts=[T1w,T2w,T2star]'",
        "softcord prepare data=bids data.root=my-data gt.alignment=rigid",
    ),
    "phantom": (
        "write the synthetic dataset",
        "softcord phantom",
        "softcord phantom phantom=tiny",
        "softcord phantom phantom=full phantom.seed=7 paths.data=elsewhere",
    ),
    "evaluate": (
        "test trained methods on another dataset",
        "softcord evaluate model=mine/RUN data=bids data.root=other-data study=other",
        "softcord evaluate model=synthetic-v2 data=bids data.root=my-data reference=hard study=other",
        "softcord evaluate -m model=mine/A,mine/B data=bids data.root=other-data study=other",
    ),
    "compare": (
        "paired statistics, tables, figures and report of a study",
        "softcord compare study=mine",
        "softcord compare study=mine compare.reference=GT_soft compare.correction=holm",
        "softcord compare 'compare.measures=[a.csv,b.csv]' study=theirs",
    ),
}
_ALL = "softcord {verb} --help --all lists every choice and every key."


def usage_of(verb: str) -> str:
    """Return what ``--help`` of a verb begins with: what it does, three examples, the usual keys."""
    what, *examples = _ABOUT[verb]
    shown = "\n".join(f"  {example}" for example in examples)
    usage = f"Usage: softcord {verb} [key=value ...]      the same as python -m softcord.{verb}"
    return f"softcord {verb}: {what}.\n\n{usage}\n{_FLAGS}\nExamples:\n{shown}\n\n{_KEYS}"


USAGE = usage_of("train")


def help_text(arguments: Iterable[str], usage: str = USAGE) -> str:
    """Return ``usage`` and, with ``--all``, the options of each group and the configuration that is given.

    Hydra's own help takes seconds to list as many groups as there are here.
    """
    arguments = list(arguments)
    verb = usage.removeprefix("softcord ").partition(":")[0]
    if "--all" not in arguments:
        return f"{usage}\n{_ALL.format(verb=verb)}"
    overrides = [argument for argument in arguments if not argument.startswith("-")]
    with initialised(overrides) as hydra_compose:
        config = OmegaConf.to_yaml(hydra_compose("config", overrides=overrides))
    choices = "\n".join(f"  {group}: {', '.join(names)}" for group, names in _choices().items())
    return (
        f"{usage}\nChoices (group=option):\n\n{choices}\n\n"
        f"Everything that can be set (key=value):\n\n{config.rstrip()}"
    )


def _choices() -> dict[str, list[str]]:
    return {group: found for group in (*groups(), "experiment") if (found := options(group))}
