"""What the words of a table mean, said where the table stands."""

from collections.abc import Iterable

# By the word as it stands in a heading; in the order in which they are said.
TERMS = {
    "CSA": "CSA: cross-sectional area of the cord at right angles to it, over the study's vertebral levels",
    "CSA STD": "CSA STD: how much one person's CSA differs between contrasts (SD); 0 is contrast-agnostic",
    "|error|": "|error|: distance of the CSA from that of the ground truth, whichever way",
    "soft": "soft: voxels count by their value from 0 to 1, so that partly filled ones count partly",
    "bin": "bin (binarised): voxels above 0.5 count whole, all others not at all",
    "binarised": "binarised: voxels above 0.5 count whole, all others not at all",
    "Dice": "Dice: overlap of mask (above 0.5) and ground truth, 1 is perfect; soft Dice: of soft masks",
    "RVE": "RVE: relative volume error, (prediction − ground truth) / ground truth; negative is too small",
    "ASD": "ASD: average distance between the surfaces of prediction and ground truth",
    "HD95": "HD95: distance that 95% of the surface stays within",
}


def explained(headings: Iterable[str]) -> str:
    """Return what the terms in some headings mean, in one line; an empty text where there are none."""
    text = " ".join(headings)
    words = {word.strip("(),") for word in text.split()}
    said = {
        term: meaning for term, meaning in TERMS.items() if (term in words or (" " in term and term in text))
    }
    if "bin" in said:
        said.pop("binarised", None)
    return "; ".join(meaning for meaning in said.values() if meaning) + "." if any(said.values()) else ""
