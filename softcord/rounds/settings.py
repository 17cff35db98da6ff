"""How images are chosen, round after round, where the annotator is simulated."""

from dataclasses import dataclass
from typing import Literal

Choice = Literal["score", "disagreement", "chance"]


@dataclass(frozen=True)
class RoundSettings:
    """How often is chosen, how many images each time, and by what.

    By the quality ``score`` of the last model's masks, as the next to correct are chosen, by the
    ``disagreement`` of its readings alone, or by ``chance``.

    Raises:
        ValueError: no round, or none in a round; the message starts with the field's name.
    """

    choice: Choice = "score"
    rounds: int = 5
    images_a_round: int = 2

    def __post_init__(self) -> None:
        for name in ("rounds", "images_a_round"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: must be at least 1, got {getattr(self, name)}")
