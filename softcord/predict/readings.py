"""Read one image several times: by other models where there are some, else in other views of it."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from softcord.io.nifti import Volume
from softcord.predict.package import Model
from softcord.predict.volume import OnGrid, PredictSettings, predict_on_grid, predict_volume
from softcord.uncertainty.ensemble import Ensemble, combine
from softcord.uncertainty.views import MIRRORED, VIEWS, range_of

Float32 = npt.NDArray[np.float32]


def read_again(
    model: Model,
    image: Volume,
    softseg: Volume,
    settings: PredictSettings,
    others: Sequence[Model] = (),
    seen: OnGrid | None = None,
) -> Ensemble:
    """Return mean and SD of a mask and of other readings of its image.

    ``softseg`` is what ``model`` made of ``image``; it counts as one reading. Each of ``others`` makes one
    more. Without others the model reads three views of the image (see :mod:`softcord.uncertainty.views`), so
    that all of it costs four predictions. ``seen`` is the image on the model's grid, where that is known.
    """
    return combine([softseg.data, *_further(model, image, settings, others, seen)])


def readings(model: Model, others: Sequence[Model]) -> list[str]:
    """Return what the readings of :func:`read_again` are called."""
    names = [one.description.name for one in others] or [view.name for view in VIEWS]
    return [model.description.name if others else "as it is", *names]


def _further(
    model: Model, image: Volume, settings: PredictSettings, others: Sequence[Model], seen: OnGrid | None
) -> Iterator[Float32]:
    for other in others:
        yield predict_volume(other, image, settings).softseg.data
    if others:
        return
    of = range_of(image)
    for view in VIEWS:
        if view is MIRRORED and seen is not None:
            yield predict_on_grid(model, seen, settings, mirror=True).softseg.data
            continue
        yield view.undo(predict_volume(model, view.apply(image, of), settings).softseg, image)
