"""Average trained models of one net: ``python -m softcord.predict.average OUT NAME PACKAGE …``.

Models that were trained one from another lie in one valley; the mean of their weights is often better
than each, as if the learning rate had gone on falling (Wortsman et al. 2022, arXiv 2203.05482).
"""

import sys
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import torch

from softcord.predict.package import Model, read_package, write_package


def average_models(models: Sequence[Model], name: str) -> Model:
    """Return a model whose weights are the mean of those of ``models``, applied as the last of them is.

    What any of them was trained on counts as seen.

    Raises:
        ValueError: no models, or of different nets, windows or activations.
    """
    if not models:
        raise ValueError("models: at least one is needed")
    last = models[-1].description
    for model in models:
        for field in ("net", "window_voxels", "spacing_mm", "activation"):
            if getattr(model.description, field) != getattr(last, field):
                raise ValueError(f"models: {model.description.name} and {last.name} differ in {field}")
    states = [model.net.state_dict() for model in models]
    net = deepcopy(models[-1].net)
    net.load_state_dict(
        {key: torch.stack([state[key].float() for state in states]).mean(dim=0) for key in states[-1]}
    )
    seen = tuple(dict.fromkeys(one for model in models for one in model.description.trained_on))
    return Model(net, replace(last, name=name, trained_on=seen))


if __name__ == "__main__":
    out, name, *packages = sys.argv[1:]
    write_package(Path(out), average_models([read_package(Path(path)) for path in packages], name), half=True)
