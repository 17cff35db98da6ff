"""How a network is trained, and on what kind of machine."""

from dataclasses import dataclass
from math import inf
from typing import Literal, TypeAlias


@dataclass(frozen=True)
class NnUNetLength:
    """How long nnU-Net trains; its own defaults.

    ``iterations`` and ``val_iterations`` are batches per epoch.
    """

    epochs: int = 1000
    iterations: int = 250
    val_iterations: int = 50

    def __post_init__(self) -> None:
        """Refuse lengths that train nothing."""
        for field in ("epochs", "iterations", "val_iterations"):
            if getattr(self, field) < 1:
                raise ValueError(f"{field}: must be at least 1, got {getattr(self, field)}")


NNUNET_DEFAULT = NnUNetLength()


@dataclass(frozen=True)
class TrainSettings:
    """What determines the result of a training, besides data, net, loss and augmentation.

    Sizes are in millimetres, which at 1 mm voxels are voxels; axes are R-L, A-P, S-I. A share of the batches
    is cut down to ``narrow_patch_mm`` where given; the net is then applied through windows of that size.
    ``start_from`` names the trained model whose weights are the first ones. ``nnunet`` is how long nnU-Net
    trains, which reads nothing else of these.
    """

    epochs: int
    batch_size: int
    patch_size_mm: tuple[int, int, int]
    narrow_patch_mm: tuple[int, int, int] | None = None
    narrow_share: float = 0.5
    crop: Literal["center", "random"] = "random"
    foreground_share: float = 0.67
    patches_per_image: int = 1
    learning_rate: float = 1e-3
    validate_every_epochs: int = 1
    patience: int | None = None
    deep_supervision_divisor: Literal["weights", "count"] = "weights"
    start_from: str | None = None
    nnunet: NnUNetLength = NNUNET_DEFAULT

    def __post_init__(self) -> None:
        """Refuse values that cannot train anything."""
        for field in ("epochs", "batch_size", "patches_per_image", "validate_every_epochs"):
            if getattr(self, field) < 1:
                raise ValueError(f"{field}: must be at least 1, got {getattr(self, field)}")
        if min(self.patch_size_mm) < 8:
            raise ValueError(f"patch_size_mm: must be at least 8 along each axis, got {self.patch_size_mm}")
        self._check_narrow()
        if not 0 < self.learning_rate < inf:
            raise ValueError(f"learning_rate: must be > 0 and finite, got {self.learning_rate}")
        if not 0 <= self.foreground_share <= 1:
            raise ValueError(f"foreground_share: must be between 0 and 1, got {self.foreground_share}")
        if self.patience is not None and self.patience < 1:
            raise ValueError(f"patience: must be at least 1 or null, got {self.patience}")

    def _check_narrow(self) -> None:
        if not 0 <= self.narrow_share <= 1:
            raise ValueError(f"narrow_share: must be between 0 and 1, got {self.narrow_share}")
        if self.narrow_patch_mm is None:
            return
        if any(
            not 8 <= narrow <= side
            for narrow, side in zip(self.narrow_patch_mm, self.patch_size_mm, strict=True)
        ):
            raise ValueError(
                "narrow_patch_mm: each side must be at least 8 and at most patch_size_mm's, "
                f"got {self.narrow_patch_mm}"
            )


# float16 is for GPUs without bfloat16.
Precision: TypeAlias = Literal["float32", "bfloat16", "float16"]
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16", "float16")


@dataclass(frozen=True)
class MachineSettings:
    """Where and how fast, never what: these settings are no part of a run's identity."""

    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    precision: Precision | Literal["auto"] = "auto"
    jobs: int = 0
    workers: int = 0
    threads: int = 0
    trainings: int = 1
    time_inference: bool = False
    nnunet: str | None = None
    fused_optimizer: bool = True
    channels_last: bool | Literal["auto"] = "auto"
    compile: bool = False
    augment_on_gpu: bool = True

    def __post_init__(self) -> None:
        """Refuse negative counts; 0 means "as many as the machine has" (none for ``workers``)."""
        if self.trainings < 1:
            raise ValueError(f"trainings: must be at least 1, got {self.trainings}")
        for field in ("jobs", "workers", "threads"):
            if getattr(self, field) < 0:
                raise ValueError(f"{field}: must be 0 (automatic) or more, got {getattr(self, field)}")


@dataclass(frozen=True)
class TrainerSettings:
    """How many processes or GPUs share each batch; batches and results stay the same."""

    devices: int | Literal["auto"] = 1

    def __post_init__(self) -> None:
        """Refuse counts that cannot train."""
        if self.devices != "auto" and self.devices < 1:
            raise ValueError(f"devices: must be at least 1 or auto, got {self.devices}")
