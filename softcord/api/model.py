"""Trained models, applied to a file or an array."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from softcord.api.volume import Image, as_volume
from softcord.errors import UsageError
from softcord.io.nifti import Volume
from softcord.predict.built_in import BUILT_IN
from softcord.predict.check_image import read_checked
from softcord.predict.infer import Apply
from softcord.predict.package import OWN_NETS, Model, ModelDescription, is_package, read_package
from softcord.predict.volume import PredictSettings, predict_volume
from softcord.track.model_words import can_be_registered
from softcord.train.device import resolve_precision, training_device
from softcord.train.settings import MachineSettings


@dataclass(frozen=True)
class CordModel:
    """A trained model and how it looks at images; :func:`load_model` makes one.

    >>> import softcord
    >>> softcord.load_model().description.name
    'synthetic-v2'
    """

    model: Model
    settings: PredictSettings

    @property
    def description(self) -> ModelDescription:
        """Its name, its net, and what it was trained on."""
        return self.model.description

    def predict(
        self,
        image: Image,
        *,
        affine: npt.ArrayLike | None = None,
        spacing_mm: Sequence[float] | None = None,
        threshold: float | None = None,
    ) -> Volume:
        """Segment the cord: the mask, as `softcord predict` makes it, in the image's own space.

        A warning says where no cord was found, and the mask is empty, or where none could be followed, and
        the mask is what looks most like one.

        Args:
            image: any orientation and contrast; a file, a volume, an image of nibabel, or an array.
            affine: of the array, shape (4, 4), voxel indices to scanner millimetres (RAS+).
            spacing_mm: sides of the array's voxels, if its axes run R-L, P-A, I-S.
            threshold: 1 above it and 0 elsewhere; None leaves the mask soft.

        Returns:
            A volume of the image's shape and affine: float32 in 0..1, the share of cord in each voxel.

        Raises:
            DataError: the image cannot be used.
            UsageError: an array without its geometry, or a threshold outside 0 to 1.

        >>> import softcord
        >>> model = softcord.load_model()
        >>> image = softcord.phantom_participant(contrasts=["T2w"]).images["T2w"]
        >>> softseg = model.predict(image.data, affine=image.affine)
        >>> softseg.data.shape == image.data.shape, float(softseg.data.max()) > 0.9
        (True, True)
        """
        if threshold is not None and not 0 < threshold < 1:
            raise UsageError(
                "threshold", f"must be between 0 and 1, got {threshold:g}", "None leaves masks soft"
            )
        volume = self._volume(image, affine, spacing_mm)
        made = predict_volume(self.model, volume, self.settings)
        where = image if isinstance(image, str | Path) else "image"
        if not made.has_cord:
            warnings.warn(f"{where}: no cord was found, so the mask is empty", stacklevel=2)
        elif made.is_unsure:
            what = "no cord could be followed; the mask is what looks most like one, look at it"
            warnings.warn(f"{where}: {what}", stacklevel=2)
        if threshold is None:
            return made.softseg
        return Volume((made.softseg.data > threshold).astype(np.float32), made.softseg.affine)

    def _volume(
        self, image: Image, affine: npt.ArrayLike | None, spacing_mm: Sequence[float] | None
    ) -> Volume:
        if isinstance(image, str | Path) and affine is None and spacing_mm is None:
            return read_checked(Path(image), self.description.spacing_mm)
        return as_volume(image, affine=affine, spacing_mm=spacing_mm)


def load_model(
    path: str | Path | None = None, *, allow: Sequence[str] = (), store: str | Path = "mlruns"
) -> CordModel:
    """Load a model: the one that comes with softcord, one that you trained, or a registered one.

    It computes on the GPU where torch has one, in bfloat16 where the processor does, as `softcord predict`.

    Args:
        path: a package (a folder or a ``.zip``), a run's folder, the name of a model that comes with
            softcord, or a registered model, ``NAME@ALIAS`` or ``models:/NAME/VERSION``; None is the built-in
            model.
        allow: Python packages whose nets may be built besides softcord's own. Nothing else of a package is
            ever executed.
        store: the folder of the MLflow store in which models are registered.

    Raises:
        UsageError: there is no such model, or this installation has no built-in model.
        DataError: the package is damaged or incomplete.
        RunError: the tracking server does not answer.

    >>> import softcord
    >>> model = softcord.load_model()
    >>> softseg = model.predict("sub-001_T2w.nii.gz")  # doctest: +SKIP
    """
    package = BUILT_IN if path is None else Path(path)
    if not is_package(package) and is_package(package / "model"):
        package = package / "model"
    if not package.exists() and str(package) == package.name and is_package(BUILT_IN.parent / package):
        package = BUILT_IN.parent / package
    if not package.exists() and can_be_registered(str(path)):
        from softcord.track.registry import registered_package  # MLflow: seconds

        package = registered_package(Path(store), str(path)) or package
    if not package.exists():
        what = "is not there" if path is not None else "is not part of this installation"
        raise UsageError(
            path or package, what, "Give the folder or .zip of a package, a run's folder, or NAME@ALIAS"
        )
    model = read_package(package, (*OWN_NETS, *allow))
    machine = MachineSettings()
    model.net.to(training_device(machine))
    apply = Apply(bfloat16=resolve_precision(machine) == "bf16-mixed")
    return CordModel(model, PredictSettings(only_a_cord=True, apply=apply))
