"""Private parts of other packages do what softcord takes them for, or the version that changed is named."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

import lightning
import optuna
import pytest
import torch
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn, JobStatus
from hydra.types import HydraContext
from matplotlib import rc_context
from matplotlib.figure import Figure
from omegaconf import OmegaConf
from torch.utils.data import DataLoader

from softcord.compat.hydra import every_combination, launcher_context, returned
from softcord.compat.lightning import epochs_behind
from softcord.compat.matplotlib import fonts_of_outlines
from softcord.compat.optuna import trial_of
from softcord.compat.torch import computes_in_bfloat16, storage_address


@contextmanager
def changed_by(package: str) -> Iterator[None]:
    try:
        yield
    except (AttributeError, TypeError, ImportError) as error:
        pytest.fail(f"{package} {version(package)} has changed what softcord.compat uses: {error}")


def test_hydra_expands_a_sweep_to_every_combination() -> None:
    overrides = OverridesParser.create().parse_overrides(["gt=soft,hard", "seed=1,2", "study=a"])
    with changed_by("hydra-core"):
        runs = every_combination(overrides)
    assert runs == [
        ["gt=soft", "seed=1", "study=a"],
        ["gt=soft", "seed=2", "study=a"],
        ["gt=hard", "seed=1", "study=a"],
        ["gt=hard", "seed=2", "study=a"],
    ]


def test_hydra_takes_the_context_that_launchers_are_made_with() -> None:
    config = OmegaConf.create({"hydra": {"callbacks": {}}})
    with changed_by("hydra-core"):
        assert isinstance(launcher_context(None, config), HydraContext)


def test_hydra_tells_what_a_job_returned_and_of_a_failed_one_nothing() -> None:
    done, failed = JobReturn(status=JobStatus.COMPLETED), JobReturn(status=JobStatus.FAILED)
    done.return_value, failed.return_value = 3, ValueError("no cord")
    with changed_by("hydra-core"):
        assert (returned(done), returned(failed)) == (3, None)


def test_torch_tells_views_from_copies_also_on_the_meta_device() -> None:
    tensor = torch.empty(4, 4, device="meta")
    with changed_by("torch"):
        assert storage_address(tensor) == storage_address(tensor[1:])
        assert storage_address(tensor) != storage_address(tensor.clone())


def test_torch_says_of_bfloat16_what_the_processor_says() -> None:
    flags = Path("/proc/cpuinfo")
    if not flags.exists():
        pytest.skip("no /proc/cpuinfo here")
    with changed_by("torch"):
        assert computes_in_bfloat16() == ("avx512_bf16" in flags.read_text(encoding="utf-8").split())


class Nothing(lightning.LightningModule):
    """A training of two empty epochs that notes how many are behind it whenever it is asked for data."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.behind: list[int] = []

    def train_dataloader(self) -> DataLoader[torch.Tensor]:
        self.behind.append(epochs_behind(self.trainer))
        return DataLoader(torch.ones(1))

    def training_step(self, batch: torch.Tensor) -> torch.Tensor:
        return (self.weight * batch).sum()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def test_lightning_counts_the_epochs_behind_a_training(tmp_path: Path) -> None:
    module = Nothing()
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=3,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        reload_dataloaders_every_n_epochs=1,
        default_root_dir=tmp_path,
    )
    with changed_by("lightning"):
        trainer.fit(module)
    assert module.behind == [0, 1, 2]


def test_optuna_lets_another_process_report_for_a_trial(tmp_path: Path) -> None:
    study = optuna.create_study(storage=f"sqlite:///{tmp_path / 'optuna.db'}", study_name="s")
    asked = study.ask()
    frozen = study.get_trials(deepcopy=False)[asked.number]
    with changed_by("optuna"):
        trial_of(study, frozen).report(2.5, step=1)
    assert study.trials[asked.number].intermediate_values == {1: 2.5}


def test_matplotlib_leaves_what_sets_letters_out_of_the_fonts_of_pdfs() -> None:
    figure = Figure(figsize=(1, 1))
    figure.text(0, 0.5, "AVfi")
    sizes = []
    for lean in (nullcontext(), fonts_of_outlines()):
        buffer = BytesIO()
        with changed_by("fonttools"), lean, rc_context({"pdf.fonttype": 42}):
            figure.savefig(buffer, format="pdf")
        sizes.append(len(buffer.getvalue()))
    assert sizes[1] < 0.95 * sizes[0]
