"""Where the model that comes with softcord lies."""

from pathlib import Path

BUILT_IN = Path(__file__).parents[1] / "models" / "synthetic-v2"
