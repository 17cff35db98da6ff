"""Apply trained packages to images of any dataset."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from softcord.app.config.plan import Plan
from softcord.app.console.remedies import told
from softcord.app.engine import OnDone
from softcord.app.models.nets import read_own_package
from softcord.app.models.trained import Trained
from softcord.errors import DataError
from softcord.io.nifti import Volume
from softcord.predict.check_image import read_checked
from softcord.predict.infer import Apply
from softcord.predict.package import Model
from softcord.predict.volume import PredictSettings, predict_volume
from softcord.predict.write import write_softseg
from softcord.sweep.folder import PREDICTIONS
from softcord.train.device import resolve_precision, training_device


def apply_packages(
    plan: Plan, trained: Trained, run_dir: Path, wanted: Mapping[Path, str], on_done: OnDone
) -> dict[Path, str]:
    """Predict images, given with their contrasts, by the package that is for each; return why some failed."""
    machine = plan.machine
    settings = PredictSettings(apply=Apply(bfloat16=resolve_precision(machine) == "bf16-mixed"))

    @cache
    def load(package: Path) -> Model:
        model = read_own_package(package)
        model.net.to(training_device(machine))
        return model

    def predict(image: Path, contrast: str) -> Volume:
        package = trained.model_for(contrast, plan.evaluate.stand_ins)
        assert package is not None
        model = load(package)
        volume = read_checked(image, model.description.spacing_mm)
        return predict_volume(model, volume, settings).softseg

    errors = {}
    for image, contrast in wanted.items():
        try:
            softseg = predict(image, contrast)
        except DataError as error:  # the image's own; the others go on
            errors[image] = told(error)
        else:
            write_softseg(run_dir / PREDICTIONS, image, softseg, {"Run": run_dir.name})
        on_done(image.name)
    return errors
