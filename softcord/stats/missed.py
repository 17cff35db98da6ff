"""Images in which a method did not find the cord: they have no CSA to be steady or wrong about."""

import pandas as pd

from softcord.measure.metrics import CSA, CSA_ERROR
from softcord.stats.frames import is_ground_truth
from softcord.stats.kept import kept

IMAGE = ["run", "method", "participant_id", "session_id", "contrast"]
# Below this overlap what was found is not the cord: nets that learnt nothing leave traces anywhere.
FOUND_FROM_DICE = 0.05
# Metrics that say nothing where no cord was found: the error of an area that is not there is the area itself.
NEEDS_A_CORD = (*CSA, *CSA_ERROR, "csa_truth_error_mm2", "csa_bin_truth_error_mm2")


@kept
def missed_cords(measures: pd.DataFrame, level: str) -> pd.MultiIndex:
    """Return the images (``IMAGE``) without a cord: no CSA at the level, soft or binarised, or no overlap."""
    small = measures[measures["value"] < FOUND_FROM_DICE]  # few rows of many
    is_csa = small["metric"].isin(CSA) & small["level"].isin([level, "all", "n/a"])
    missed = (is_csa & (small["value"] == 0)) | (small["metric"] == "dice")
    return pd.MultiIndex.from_frame(small.loc[missed, IMAGE].astype(str).drop_duplicates())


@kept
def failures(measures: pd.DataFrame, level: str) -> pd.DataFrame:
    """Count, per method, the images without a cord or without any value.

    Returns:
        Columns method, failed, images; the ground truth is left out.
    """
    told = measures[measures["metric"].isin([*CSA, "dice"]) & measures["level"].isin([level, "all", "n/a"])]
    told = told[~is_ground_truth(told)]
    has_value = told["value"].notna().groupby([told[name] for name in IMAGE], observed=True).any()
    failed = ~has_value
    missed = missed_cords(measures, level)
    if len(missed):
        failed |= failed.index.set_names(IMAGE).isin(missed)
    by = failed.groupby(level="method", observed=True)
    return pd.DataFrame({"failed": by.sum(), "images": by.size()}).reset_index()
