"""Configuration: every option composes, every mistake gets one line that names the key."""

import logging
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from softcord.app.config.compose import combinations, compose, flat, normalise
from softcord.app.config.plan import Plan, make_plan
from softcord.app.engine import engine_of
from softcord.app.own.folders import config_dir
from softcord.app.verbs.compare import main as compare
from softcord.app.verbs.train import main as train
from softcord.errors import UsageError


def plan(*overrides: str) -> Plan:
    is_several = "data=several" in overrides
    root = "data.datasets={a: {root: /nowhere}}" if is_several else "data.root=/nowhere"
    made = make_plan(compose(root, *overrides))
    engine_of(made).check(made)
    return made


OPTIONS = sorted(
    f"{path.parent.name}={path.stem}"
    for path in config_dir().glob("*/*.yaml")
    if path.parent.name != "experiment"
)


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_builds_what_it_describes(option: str) -> None:
    needed = {
        "model=nnunet": ("train=paper",),  # the paper's net needs patches of the paper's size
        "model=swinunetr": ("train=synthetic_gpu",),  # patches in multiples of 32
        "train=finetune": ("train.start_from=null",),
        "engine=per_contrast": ("model_per_contrast=true",),
        "engine=synthetic": ("data=synthetic",),
        "engine=predictions": ("engine.name=theirs", "engine.path=pred"),
        "engine=rounds": ("model=small_deep", "train.start_from=synthetic-v2"),  # by whose masks it chooses
    }
    found = plan(option, *needed.get(option, ()))
    group, _, name = option.partition("=")
    assert found.choices[group] == name


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_says_in_its_first_line_what_it_is(option: str) -> None:
    group, _, name = option.partition("=")
    text = (config_dir() / group / f"{name}.yaml").read_text(encoding="utf-8")
    first, second = text.splitlines()[:2]
    assert first.startswith("#")
    assert len((second if "@package" in first else first).strip("# ")) > 10


MISTAKES = {
    "loss.omgea=4": "loss.omgea: is not a known key. Did you mean loss.omega?",
    "loss=awng": "loss=awng: there is no such option. Did you mean awing?",
    "los=awing": "los: is not a known key. Did you mean loss?",
    "loss.omega=-1": "loss.omega: must be > 0, got -1.0",
    "loss.omega=many": "loss.omega: Input should be a valid number",
    "contrasts=[]": "contrasts: the list is empty",
    "contrasts=3": "contrasts: there is no set of 3. Use 2, 4, 6",
    "contrasts=T1": "contrasts: unknown contrast 'T1'. Did you mean T1w?",
    "contrasts=[T1w,t1w]": "contrasts: a contrast is named twice",
    "train.epochs=0": "train.epochs: must be at least 1, got 0",
    "train.patch_size_mm=[64,64]": "train.patch_size_mm.2: Field required",
    "+train.epoch=3": "train.epoch: is not a known key. Did you mean epochs?",
    "+lossy=3": "lossy: is not a known key. Did you mean loss?",
    "seed=-1": "seed: must be a whole number of at least 0, got -1",
    "study=a/b": "study: 'a/b' cannot name a folder",
    "gt=soft,hard": "gt=soft,hard: gives several values. Add -m to sweep",
    "reference=none": "reference: must be one of soft, hard",
    "gt": "gt: is not key=value",
    "train=finetune": "train.start_from: is missing. Add train.start_from=",
    "train=8": "train=8: there is no such option",
    "~loss": "loss: is missing",
    "contrasts=null": "contrasts: None is not a list of names",
    "train.learning_rate=nan": "train.learning_rate: must be > 0 and finite",
    "paths.outputs=null": "paths.outputs: must be a folder",
    "engine=per_contrast": "engine=per_contrast: is chosen by another key. Write model_per_contrast=true",
    "engine=synthetic": "engine=synthetic: is chosen by another key. Write data=synthetic",
    "variant=a/b": "variant: 'a/b' cannot be part of a name",
    "model=nnunet": "train.patch_size_mm: gives patches of (32, 48, 64) voxels. Its sides",
    "gt.weights={T1w: 2}": "gt.weights: is not there to be changed. Check the name, or add it: +gt.weights=",
    "split=[1]": "split=[1]: there is no such option",
    "train=[0,0,0]": "train=[0,0,0]: there is no such option",
    "volumes=x": "volumes: has settings of its own (--cfg job shows them), got 'x' instead",
    "search=x": "search: has settings of its own",
    "evaluate=x": "evaluate: has settings of its own",
    "compare=3": "compare: has settings of its own",
    f"study={'s' * 300}": "study: has 300 characters, at most 120 name a folder",
    f"variant={'v' * 300}": "variant: has 300 characters, at most 120 are possible",
    "~search.nam": "~search.nam: is not a known key. Did you mean search.name?",
    "hydra/launcher=poool": "hydra/launcher=poool: there is no such option. Did you mean pool?",
    "loss._target_=os.system": "loss._target_: must be a class of softcord's for loss",
}


@pytest.mark.parametrize("override", MISTAKES)
def test_a_mistake_gets_one_line_that_names_the_key_and_the_way_out(override: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan(override)
    assert str(caught.value).startswith(MISTAKES[override])
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("--cfg job los=dice", "los: is not a known key. Did you mean loss?"),
        ("--cfg job los=dice ~search.name", "los: is not a known key. Did you mean loss?"),
        ("--cfg job ~search.name los=dice", "los: is not a known key. Did you mean loss?"),
        ("~search.name los=dice", "los: is not a known key. Did you mean loss?"),
        ("hydra/launcher=joblib los=dice", "los: is not a known key. Did you mean loss?"),
        ("~search.name", "~search.name: cannot be left out: its value is null."),
        ("--info los=dice", "los: is not a known key. Did you mean loss?"),
        ("--hydra-help los=dice", "los: is not a known key. Did you mean loss?"),
        (
            "--help gt=soft,hard",
            "gt=soft,hard: gives several values. Add -m to sweep, or write gt=[soft,hard].",
        ),
        ("--help 'seed=range(1,'", "configuration: "),
        ("--cfg", "--cfg: shows one of job, hydra, all. Write --cfg job."),
        ("-c jib", "-c: shows one of job, hydra, all. Write --cfg job."),
        ("--cfg job gt", "gt: is not key=value. Write for example gt=soft."),
        ("--cfg job experiment=tabel1", "experiment=tabel1: there is no such option."),
    ],
)
@pytest.mark.parametrize("verb", [train, compare])
def test_questions_refuse_a_mistake_as_a_run_does(
    asked: str,
    said: str,
    verb: Callable[[list[str]], int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert verb(shlex.split(asked)) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith(f"softcord: {said}")
    assert printed.err.count("\n") == 1
    assert not printed.out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "asked", ["--cfg job data=bids", "--cfg job -p loss loss=dice", "--info ~search.objective", "-h"]
)
def test_questions_are_answered_where_values_are_missing(
    asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    assert train(asked.split()) == 0
    assert len(capsys.readouterr().out) > 50
    assert (root.handlers, root.level) == before  # Hydra's would go on writing to this standard error


def test_python_without_assertions_reads_the_same_overrides() -> None:
    code = "from softcord.app.config.compose import combinations\n"
    code += "print(combinations(['seed=range(1,3)', 'gt=soft,hard']))"
    said = [
        subprocess.run([sys.executable, *flag, "-c", code], capture_output=True, text=True, check=False)
        for flag in ([], ["-O"])
    ]
    assert said[0].stdout == said[1].stdout != "", said[1].stderr[-300:]


@pytest.mark.parametrize("node", ["compare", "check", "paths", "evaluate", "search"])
def test_a_misspelt_key_in_a_file_is_refused_with_the_nearest_name(node: str) -> None:
    near = {
        "compare": "overlay",
        "check": "dept",
        "paths": "output",
        "evaluate": "models",
        "search": "trials",
    }
    composed = compose("data.root=/nowhere")
    misspelt = {**composed.config[node], near[node]: 1}
    with pytest.raises(UsageError, match=rf"{node}\.{near[node]}: is not a known key\. Did you mean \w+\?"):
        make_plan(replace(composed, config={**composed.config, node: misspelt}))


def test_drawn_images_cannot_be_drawn_from_again() -> None:
    with pytest.raises(UsageError, match=r"augment\.mixture: needs label maps"):
        plan("data=synthetic", "augment=synthseg")


def test_a_misspelt_key_is_held_against_the_options_that_were_chosen() -> None:
    with pytest.raises(UsageError, match=r"ce_weigth: is not a known key\. Did you mean loss\.ce_weight\?"):
        plan("loss=dicece", "loss.ce_weigth=2")
    with pytest.raises(UsageError, match=r"train\.epocs: is not a known key\. Did you mean train\.epochs\?"):
        plan("train=finetune", "train.epocs=2")


def test_options_are_found_whatever_their_case_and_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    assert normalise(["gt=Soft,HARD", "loss=AWing", "contrasts=T1w"]) == [
        "gt=soft,hard",
        "loss=awing",
        "contrasts=T1w",
    ]
    assert "gt=Soft,HARD is read as gt=soft,hard" in caplog.text
    caplog.clear()
    assert normalise(["gt=soft", "experiment=Mine", "loss=Own"]) == ["gt=soft", "experiment=Mine", "loss=Own"]
    assert caplog.text == ""


def test_a_sweep_expands_to_every_combination() -> None:
    runs = combinations(["gt=soft,hard", "loss=awing,dicece", "seed=3"])
    assert len(runs) == 4
    assert ("gt=hard", "loss=awing", "seed=3") in runs


@pytest.mark.parametrize(
    ("overrides", "method"),
    [
        ((), "soft_all"),
        (("gt=hard",), "hard_all_SoftSeg"),
        (("baseline=softseg",), "hard_all_SoftSeg"),
        (("loss=dicece",), "soft_all_diceCE_loss"),
        (("gt=hard", "loss=dicece"), "hard_all_diceCE_loss"),
        (("contrasts=2",), "soft_T1w_T2w"),
        (("contrasts=dwi",), "soft_dwi"),
        (("loss.omega=12", "loss.epsilon=0.5"), "soft_all_epsilon0.5_omega12"),
        (("gt=hard", "augment=none"), "hard_all_none_augment"),
        (("recipe=paper_code",), "soft_all_paper_code"),
        (("recipe=paper_code", "loss.omega=12"), "soft_all_paper_code_omega12"),
        (("recipe=paper_code", "baseline=softseg"), "hard_all_SoftSeg_paper_code"),
        (("augment=paper_code",), "soft_all_paper_code_augment"),
        (("augment.affine.probability=0.3",), "soft_all_affine.probability0.3"),
        (("augment=paper", "augment.elastic=null"), "soft_all_no_elastic"),
        (("baseline=bigaug",), "hard_all_BigAug"),
        (("baseline=bigaug", "gt=soft"), "soft_all_BigAug"),
        (("baseline=bigaug", "loss=awing"), "hard_all_BigAug_awing_loss"),
        (("baseline=bigaug", "recipe=paper_code"), "hard_all_BigAug_paper_code"),
        (("baseline=bigaug", "augment=light"), "hard_all_dice_loss"),
        (("baseline=per_contrast",), "soft_per_contrast"),
        (("baseline=per_contrast", "gt=hard"), "hard_per_contrast_SoftSeg"),
        (("baseline=hard_dicece",), "hard_all_diceCE_loss"),
        (("baseline=soft_dicece",), "soft_all_diceCE_loss"),
        (("baseline=synthseg",), "hard_all_SynthSeg"),
        (("baseline=per_contrast", "loss=dicece"), "soft_per_contrast_diceCE_loss"),
        (("baseline=per_contrast", "contrasts=2"), "soft_per_contrast_T1w_T2w"),
    ],
)
def test_a_method_is_named_by_what_it_resolves_to(overrides: tuple[str, ...], method: str) -> None:
    assert plan(*overrides).method == method


@pytest.mark.parametrize(
    ("overrides", "modified"),
    [
        ((), ()),
        (("gt=hard", "loss.omega=12"), ()),
        (("baseline=softseg",), ()),
        (("baseline=softseg", "recipe=paper_code"), ()),
        (("baseline=softseg", "seed=4", "train.epochs=3"), ()),
        (("baseline=softseg", "gt=hard"), ()),
        (("baseline=softseg", "loss=dicece"), ("loss=dicece",)),
        (("baseline=softseg", "loss.omega=12"), ("loss.omega=12",)),
        (("baseline=bigaug", "recipe=paper_code"), ()),
        (("baseline=bigaug", "augment.gamma=null"), ("augment.gamma=None",)),
        (("baseline=per_contrast", "model_per_contrast=false"), ("model_per_contrast=False",)),
    ],
)
def test_what_an_override_changes_of_a_baseline_is_recorded(
    overrides: tuple[str, ...], modified: tuple[str, ...]
) -> None:
    assert plan(*overrides).modified == modified


RECIPES = {
    "loss.reduction": ("mean", "mean", "sum"),
    "loss.activation": ("none", "normrelu", "none"),
    "loss.prediction_activation": (None, "normrelu", "normrelu"),
    "train.deep_supervision_divisor": ("weights", "weights", "count"),
    "volumes.interpolation": ("linear", "spline2", "spline2"),
    "gt.alignment": ("translation", "rigid", "translation"),
    "gt.trim_mm": (0.0, 0.0, 8.0),
    "gt.slab": ("integrate", "centre", "centre"),
    "gt.unmatched_slices": ("nearest", "zero", "zero"),
}
DICE_RECIPES = {
    "loss.ce_weight": (1.0, 1.0, 0.0),
    "loss.overlap": ("min", "product", "product"),
    "loss.activation": ("sigmoid", "normrelu", "normrelu"),
    "loss.across_batch": (False, False, True),
}


BIGAUG_RECIPES = {
    "augment.affine.together": (False, False, True),
    "augment.affine.axes": ([0, 1, 2], [0, 1, 2], [0, 1]),
    "augment.affine.scaling": ([-0.6, 0.6], [-0.6, 0.6], [[-0.4, 0.4], [-1.6, 1.6], [0.0, 0.0]]),
    "augment.affine.scaling_of": ("content", "content", "grid"),
    "augment.elastic.magnitude_voxels": ([0.0, 1000.0], [0.0, 1000.0], [25.0, 35.0]),
    "augment.gamma.exponent": ([0.5, 4.5], [0.5, 4.5], [0.5, 3.0]),
    "augment.noise.deviation": ([0.1, 1.0], [0.1, 1.0], [0.0, 1.0]),
}


@pytest.mark.parametrize("key", BIGAUG_RECIPES)
def test_each_handicap_of_bigaug_is_one_key(key: str) -> None:
    _check_recipes(key, BIGAUG_RECIPES[key], "baseline=bigaug")


def test_bigaug_comes_in_the_order_of_its_paper_or_of_the_code() -> None:
    orders = [
        plan(f"recipe={one}", "baseline=bigaug").config["augment"]["order"]
        for one in ("default", "paper_code")
    ]
    assert [order[0] for order in orders] == ["sharpening", "smoothing"]
    assert set(orders[0]) == set(orders[1])


@pytest.mark.parametrize("key", RECIPES)
def test_each_difference_between_text_and_code_is_one_key(key: str) -> None:
    _check_recipes(key, RECIPES[key])


@pytest.mark.parametrize("key", DICE_RECIPES)
def test_each_difference_of_the_dice_losses_is_one_key(key: str) -> None:
    _check_recipes(key, DICE_RECIPES[key], "loss=dicece")


def _check_recipes(key: str, expected: tuple[object, ...], *overrides: str) -> None:
    recipes = ("default", "paper_text", "paper_code")
    assert tuple(dict(flat(plan(f"recipe={one}", *overrides).config))[key] for one in recipes) == expected


def test_each_recipe_brings_its_augmentation() -> None:
    chosen = [plan(f"recipe={one}").choices["augment"] for one in ("default", "paper_text", "paper_code")]
    assert chosen == ["light", "paper", "paper_code"]


def test_identity_depends_on_what_changes_the_result_and_on_nothing_else() -> None:
    base = plan().config_hash
    for same in (
        "study=other",
        "paths.outputs=elsewhere",
        "paths.data=elsewhere",
        "machine.workers=3",
        "rerun=true",
        "train.nnunet.epochs=9",
    ):
        assert plan(same).config_hash == base, same
    for other in ("seed=2", "loss.omega=9", "gt=hard", "train.epochs=9", "contrasts=2", "phantom.seed=5"):
        assert plan(other).config_hash != base, other
    lengths = [plan("baseline=nnunet3d", f"train.nnunet.epochs={n}").config_hash for n in (8, 9)]
    assert len(set(lengths)) == 2


def test_experiments_beside_the_command_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "mine.yaml").write_text("defaults:\n  - override /gt: hard\nseed: 7\n")
    monkeypatch.chdir(tmp_path)
    found = plan("experiment=mine")
    assert (found.gt.name, found.seed) == ("hard", 7)


RAN = "import pathlib; pathlib.Path('ran').touch()"
PLACE = "._target_: must be a class of softcord's for "
RUN_PROCESS = "softcord.processes.program.run_process"
HOSTILE = {
    f"train.patience={{_target_: {RUN_PROCESS}, command: [touch, ran], log: x}}": "train.patience",
    "loss._target_=sympy.sympify": f"loss{PLACE}loss, got 'sympy.sympify'. Name one",
    "loss._target_=evil.Loss": f"loss{PLACE}loss, got 'evil.Loss'. Name one",
    f"model._target_={RUN_PROCESS}": f"model{PLACE}model",
    "model._target_=softcord.losses.dice.DiceLoss": f"model{PLACE}model",
    "model._target_=softcord.nets.unet.torch": "model._target_: ",
    "gt._target_=softcord.losses.dice.DiceLoss": f"gt{PLACE}gt",
    "gt._target_=softcord.gt.settings.__loader__.get_data": "gt._target_: ",
    "augment.gamma._target_=softcord.augment.noise.Noise": "augment.gamma._target_: must be a Gamma",
    "augment.gamma._target_=evil.Gamma": f"augment.gamma{PLACE}augment",
    "engine._target_=subprocess.run": f"engine{PLACE}engine",
    "engine._target_=softcord.ingest.tool.subprocess.run": "engine._target_: ",
    "search._target_=os.system": f"search{PLACE}search",
    "machine.threads={_target_: evil.Number}": "machine.threads: is no place for a class, got 'evil.Number'",
    "evaluate._target_=evil.Evaluate": f"evaluate{PLACE}evaluate",
}


@pytest.fixture
def evil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that Python looks in, with a module that leaves a file where it is only imported."""
    (tmp_path / "evil.py").write_text(
        f"{RAN}\nfrom softcord.losses.awing import AdaptiveWingLoss\nclass Loss(AdaptiveWingLoss): ...\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "evil", raising=False)
    monkeypatch.delenv("SOFTCORD_ALLOW", raising=False)
    return tmp_path


@pytest.mark.parametrize("override", HOSTILE)
def test_a_configuration_names_only_classes_that_its_key_allows_and_imports_no_other(
    override: str, evil: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        plan(override)
    assert str(caught.value).startswith(HOSTILE[override])
    assert not (evil / "ran").exists()


def test_a_package_of_one_s_own_is_allowed_by_name(evil: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["data=bids", "data.root=nowhere", "loss._target_=evil.Loss"]
    assert train(command) == 2
    assert "or add -allow evil if you trust that package" in capsys.readouterr().err
    assert train(["-allow", "evil", *command]) == 3
    assert "nowhere" in capsys.readouterr().err
    assert (evil / "ran").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "hydra: {callbacks: {x: {_target_: evil.Loss}}}",
            "sets hydra.callbacks, which an experiment may not",
        ),
        ("hydra: {launcher: {_target_: evil.Loss}}", "sets hydra.launcher, which an experiment may not"),
        (
            "hydra: {sweeper: {x: {_target_: evil.Loss}}}",
            "sets hydra.sweeper.x._target_, which an experiment",
        ),
        ("hydra: {job_logging: {root: evil}}", "sets hydra.job_logging, which an experiment may not"),
        ("[1, 2]", "is no experiment"),
    ],
)
@pytest.mark.parametrize("verb", [train, compare])
def test_an_experiment_runs_no_code_of_its_own(
    content: str,
    said: str,
    verb: Callable[[list[str]], int],
    evil: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (evil / "experiments").mkdir()
    (evil / "experiments/mine.yaml").write_text(content)
    assert verb(["experiment=mine"]) == 2
    assert said in capsys.readouterr().err
    assert not (evil / "ran").exists()


def test_an_experiment_that_takes_the_place_of_a_shipped_one_is_said(
    evil: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (evil / "experiments").mkdir()
    (evil / "experiments/fig9_losses.yaml").write_text("seed: 7\n")
    with caplog.at_level("WARNING", "softcord"):
        assert compose("experiment=fig9_losses").config["seed"] == 7
    assert "experiments/fig9_losses.yaml, not the one that softcord ships" in caplog.text
