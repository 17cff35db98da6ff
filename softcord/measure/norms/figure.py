"""A person against the normative curves, as SVG."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from scipy.stats import norm

from softcord.io.files import write_bytes
from softcord.measure.norms.compare import Person, norm_curve

_CENTILES = (5, 25, 50, 75, 95)


def write_norm_svg(path: Path, name: str, person: Person, areas_mm2: Mapping[int, float]) -> None:
    """Draw area against age for each level of ``areas_mm2``: the set's centiles, and the person as a dot."""
    # slow to import and only needed here
    from io import BytesIO

    from matplotlib.figure import Figure

    levels = sorted(areas_mm2)
    figure = Figure(figsize=(2.6 * len(levels) + 0.6, 3.0), layout="constrained")
    axes = figure.subplots(1, len(levels), sharey=True, squeeze=False)[0]
    for axis, level in zip(axes, levels, strict=True):
        curve = norm_curve(name, person.sex, level, "area_mm2")
        for centile in _CENTILES:
            values = curve["median"] * np.exp(curve["sd_log"] * norm.ppf(centile / 100))
            axis.plot(curve["age"], values, color="0.5", linewidth=1.6 if centile == 50 else 0.8)
            if len(curve):
                axis.annotate(f"{centile}", (curve["age"].iloc[-1], values.iloc[-1]), fontsize=6, color="0.4")
        axis.plot([person.age_years], [areas_mm2[level]], "o", color="C3")
        axis.set_title(f"level {level}", fontsize=9)
        axis.set_xlabel("age (years)")
    axes[0].set_ylabel("CSA (mm²)")
    figure.suptitle(f"{name}, {person.sex}: centiles of healthy people; not for diagnosis", fontsize=8)
    stream = BytesIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    write_bytes(path, stream.getvalue())
