"""A metric of one's own: one class that turns a mask and its reference into one number."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from softcord.io.nifti import Volume
from softcord.measure.metrics import Better


@dataclass(frozen=True)
class ImageMetric(ABC):
    """A number for each predicted image; arguments of a subclass are keys of its yaml in conf/metric.

    ``better`` says which direction is an improvement ("none": neither is), ``optimum`` is the value of a
    perfect result, None where there is none, and ``label`` the metric's name in tables and figures.

    >>> import numpy as np, softcord
    >>> class LostVolume(ImageMetric):
    ...     def __call__(self, pred_softseg: Volume, reference_softseg: Volume) -> float:
    ...         lost = np.clip(reference_softseg.data - pred_softseg.data, 0, None).sum()
    ...         return float(lost * np.prod(pred_softseg.spacing_mm))
    >>> mask = Volume(np.ones((4, 4, 4), np.float32), np.eye(4))
    >>> LostVolume(unit="mm3", better="lower")(mask, mask)
    0.0
    """

    unit: str
    better: Better = "none"
    optimum: float | None = None
    label: str = ""

    @abstractmethod
    def __call__(self, pred_softseg: Volume, reference_softseg: Volume) -> float:
        """Return the number; NaN where there is none.

        Args:
            pred_softseg: values 0..1 in the image's own space, any orientation.
            reference_softseg: the ground truth on the same grid, values 0..1.
        """
