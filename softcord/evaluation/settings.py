"""Which model is tested on a dataset, and on whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from softcord.contrasts import CONTRASTS


@dataclass(frozen=True)
class EvaluateSettings:
    """What ``softcord evaluate`` does; conf/config.yaml says what each key means.

    Raises:
        ValueError: ``model_of`` names a contrast that nobody knows.
    """

    model: str | None = None
    participants: Literal["all", "test"] = "all"
    model_of: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        """Refuse contrasts that nobody knows."""
        given = self.model_of or {}
        for name in (*given, *given.values()):
            if name not in CONTRASTS:
                raise ValueError(f"model_of: unknown contrast {name!r}, known are {', '.join(CONTRASTS)}")

    @property
    def stand_ins(self) -> dict[str, str]:
        """The contrast whose model is for a contrast that has none of its own."""
        return {row.key: row.like for row in CONTRASTS.values() if row.like} | dict(self.model_of or {})
