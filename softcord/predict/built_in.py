"""Where the model that comes with softcord lies."""

from pathlib import Path

BUILT_IN = Path(__file__).parents[1] / "models" / "synthetic-v2"
# How the spread of its readings becomes intervals of CSA (docs/loop.md says on what it was calibrated).
CSA_INTERVAL = BUILT_IN / "csa_interval.json"
