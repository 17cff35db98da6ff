"""What the gate asks: how much a cord's area may move, where it is measured, and what else may change."""

from dataclasses import dataclass

from softcord.measure.level_text import format_levels

WHOLE_CORD = "all"


@dataclass(frozen=True)
class DriftSettings:
    """When a new model counts as the old one.

    ``margin_mm2`` is the change of soft CSA that does not matter. ``levels`` are the vertebral levels whose
    slices are averaged; empty measures all of the cord that is in the image. ``failures_allowed`` is how many
    images may lose their cord before the new model counts as shifted.

    Raises:
        ValueError: a number that asks nothing.
    """

    margin_mm2: float = 1.0
    levels: tuple[int, ...] = (2, 3)
    failures_allowed: int = 0

    def __post_init__(self) -> None:
        """Refuse a margin within which nothing can lie, and one that everything is in."""
        if not 0 < self.margin_mm2 < float("inf"):
            raise ValueError(f"margin_mm2: must be above 0 and finite, got {self.margin_mm2:g}")
        if self.failures_allowed < 0:
            raise ValueError(f"failures_allowed: must be 0 or more, got {self.failures_allowed}")

    @property
    def level(self) -> str:
        """The level as measures.csv has it: ``2:3``, or ``all``."""
        return format_levels(self.levels) if self.levels else WHOLE_CORD

    @property
    def place(self) -> str:
        """The level in words."""
        if not self.levels:
            return "whole-stack"
        first, last = min(self.levels), max(self.levels)
        return f"C{first}" if first == last else f"C{first}-C{last}"
