"""How a model does on drawn patches of the kinds that failed on real images: ``-m MODEL …`` compares.

The patches are the same for every model and seen by none: their seed is no training's, nor the validation's.
Found: Dice above one half, of patches with at least 300 mm³ of cord. False slices: of the slices without any
cord, those in which some voxel is marked as more cord than not.
"""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from softcord.app.models.find import find_model
from softcord.nets.activation import activate
from softcord.predict.infer import PLAIN
from softcord.predict.package import Model
from softcord.synthetic.patch import draw_patch
from softcord.synthetic.settings import SyntheticSettings

_SEED = 22_000_000
_SHAPE = (48, 48, 48)
_LEAST_MM3 = 300
# Every other fault stays as frequent as in training; a share of patches without cord would say nothing here.
_ALL = replace(SyntheticSettings(), empty=0.0, offset_mm=10.0)
KINDS = {
    "as drawn for training": _ALL,
    "neck, real sizes": replace(_ALL, cervical=1.0, real_sizes=1.0, person_spread=1.0),
    "equal grey": replace(_ALL, equal_grey=1.0, slice_mm=(1.5, 5.0)),
    "conus and below": replace(_ALL, cervical=0.0, conus=1.0, masked_fov=0.0),
    "signal drop": replace(_ALL, coil_falloff=1.0),
    "spoiled gradient echo": replace(_ALL, realistic_signal=0.0, spoiled_gradient_echo=1.0, equal_grey=0.0),
    "thick slices, 5 to 17 mm": replace(_ALL, thick_slices=1.0, slice_mm=(5.0, 17.0)),
    "small field of view": replace(_ALL, masked_fov=1.0, smallest_fov_mm=30.0),
    "metal": replace(_ALL, metal=1.0),
    "EPI": replace(_ALL, epi_distortion=1.0),
    "motion between slices": replace(_ALL, thick_slices=1.0, slice_motion=1.0),
}


def measure(model: Model, settings: SyntheticSettings, n_patches: int, kind: int) -> dict[str, float]:
    """Return the shares and means over the patches of one kind."""
    dice, area_pct, soft_dice = [], [], []
    false_slices = slices_without = 0
    for index in range(n_patches):
        image, truth = draw_patch(np.random.default_rng([_SEED, kind, index]), _SHAPE, settings)
        raw = PLAIN(model.net, torch.from_numpy(image)[None, None])
        softseg = activate(raw, model.description.activation)[0, 0].numpy()
        without = truth.max(axis=(0, 1)) == 0
        slices_without += int(without.sum())
        false_slices += int((softseg[:, :, without] > 0.5).any(axis=(0, 1)).sum())
        if truth.sum() < _LEAST_MM3:
            continue
        hard, hard_truth = softseg > 0.5, truth > 0.5
        dice.append(2 * (hard & hard_truth).sum() / (hard.sum() + hard_truth.sum()))
        soft_dice.append(2 * (softseg * truth).sum() / (np.square(softseg).sum() + np.square(truth).sum()))
        if dice[-1] > 0.5:
            area_pct.append(100 * (softseg.sum() / truth.sum() - 1))
    return {
        "found_pct": 100 * float(np.mean(np.array(dice) > 0.5)),
        "dice_soft": float(np.mean(soft_dice)),
        "dice_soft_median": float(np.median(soft_dice)),
        "area_pct": float(np.mean(area_pct)),
        "false_slices_pct": 100 * false_slices / max(1, slices_without),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-m", dest="models", nargs="+", required=True, metavar="MODEL")
    parser.add_argument("-n", type=int, default=40, help="patches of each kind")
    parser.add_argument("-k", default="", help="only kinds with this in their name")
    given = parser.parse_args()
    torch.set_num_threads(1)
    for name in given.models:
        model = find_model(name, Path("outputs"), Path("mlruns"))
        started = time.process_time()
        sys.stdout.write(f"{name}\n{'':26}found %  soft Dice  (median)  area %  false slices %\n")
        for kind, (what, settings) in enumerate(KINDS.items()):
            if given.k not in what:
                continue
            row = measure(model, settings, given.n, kind)
            sys.stdout.write(
                f"{what:26}{row['found_pct']:7.1f}{row['dice_soft']:11.3f}{row['dice_soft_median']:10.3f}"
                f"{row['area_pct']:8.1f}{row['false_slices_pct']:16.1f}\n"
            )
            sys.stdout.flush()
        sys.stdout.write(f"{time.process_time() - started:.0f} s of processor time\n")


if __name__ == "__main__":
    main()
