"""How bright each tissue is: any contrast, with a least difference between cord and CSF."""

from dataclasses import dataclass

import numpy as np

from softcord.phantom.tissues import SIGNAL, Tissue
from softcord.synthetic.gradient_echo import spoiled_gradient_echo
from softcord.synthetic.settings import SyntheticSettings


@dataclass(frozen=True)
class Signals:
    """Signal by tissue, about 0 to 1; ``difference`` is that between white matter and CSF."""

    white: float
    grey: float
    csf: float
    dura: float
    fat: float
    ligament: float
    cortical: float
    marrow: float
    disc: float
    nucleus: float
    muscle: float
    vessel: float
    air: float

    @property
    def difference(self) -> float:
        """How far cord and CSF are apart."""
        return abs(self.white - self.csf)

    @property
    def is_equal_grey(self) -> bool:
        """Whether the border between cord and CSF can hardly be seen."""
        return self.difference < 0.12 * self.white

    @property
    def cue(self) -> float:
        """Difference that tells the cord apart: from CSF, or, where they are alike, within the cord."""
        return max(self.difference, 0.7 * abs(self.grey - self.white))


def draw_signals(rng: np.random.Generator, settings: SyntheticSettings) -> Signals:
    """Draw one image's signals: of no scanner at all, or around those of a known contrast."""
    kind = rng.uniform()
    if kind < settings.realistic_signal:
        signal = _around_a_contrast(rng)
    elif kind < settings.realistic_signal + (1 - settings.realistic_signal) * settings.spoiled_gradient_echo:
        signal = spoiled_gradient_echo(rng)
    else:
        signal = _at_random(rng)
        signal["white"], signal["csf"], signal["grey"] = _cord_and_csf(rng, settings)
    if rng.uniform() < settings.equal_grey:
        signal.update(_equal_grey(rng, signal["white"]))
    if rng.uniform() < settings.fat_extremes:
        # Bright fat, as in most images, or suppressed fat.
        signal["fat"] = float(rng.uniform(0.8, 1.6) if rng.uniform() < 0.6 else rng.uniform(0.02, 0.15))
    return Signals(**signal)


def _at_random(rng: np.random.Generator) -> dict[str, float]:
    names = ("dura", "fat", "ligament", "cortical", "marrow", "disc", "nucleus", "muscle", "vessel")
    signal = {name: float(rng.uniform(0.03, 1.0)) for name in names}
    # Cortical bone, ligament and dura are dark on nearly every contrast.
    for name in ("dura", "ligament", "cortical"):
        if rng.uniform() < 0.7:
            signal[name] *= 0.3
    signal["air"] = float(rng.uniform(0, 0.08))
    return signal


def _cord_and_csf(rng: np.random.Generator, settings: SyntheticSettings) -> tuple[float, float, float]:
    """Return white matter, CSF and grey matter; small differences are as frequent as large ones."""
    difference = float(np.exp(rng.uniform(*np.log(settings.cord_csf_difference))))
    sign = 1.0 if rng.uniform() < 0.6 else -1.0  # CSF is brighter on most contrasts, but on T1w
    low = max(0.08, -sign * difference + 0.02)
    white = float(rng.uniform(low, max(low + 0.05, 0.95 - max(0.0, sign * difference))))
    csf = white + sign * difference
    # Grey matter lies within a quarter of white matter, as often towards the CSF as not; now and then it is
    # nearly as bright as the CSF.
    if rng.uniform() < 0.3:
        grey = white + sign * difference * float(rng.uniform(0.4, 1.1))
    else:
        grey = white + float(rng.normal(0, 0.08)) * (0.3 + white)
    return white, csf, max(0.02, grey)


def _equal_grey(rng: np.random.Generator, white: float) -> dict[str, float]:
    """Cord and CSF alike: what tells them apart is grey matter, a dark dura and the flow."""
    white = min(max(white, 0.25), 0.8)
    away = float(rng.uniform(0.12, 0.35)) * (1 if rng.uniform() < 0.8 else -1)
    csf = white * (1 + float(rng.uniform(-0.1, 0.12)))
    return {
        "white": white,
        "csf": csf,
        "grey": white * (1 + away),
        "dura": white * float(rng.uniform(0.2, 0.7)),
    }


def _around_a_contrast(rng: np.random.Generator) -> dict[str, float]:
    table = np.array(SIGNAL[str(rng.choice(list(SIGNAL)))])
    table = table * np.exp(0.2 * np.clip(rng.standard_normal(len(table)), -2.5, 2.5))
    # White and grey matter vary together: they are never far apart.
    table[Tissue.GREY_MATTER] = table[Tissue.WHITE_MATTER] * (
        1 + rng.uniform(0.3, 1.5) * (SIGNAL["T2star"][Tissue.GREY_MATTER] - 1) * rng.choice([-1, 1, 1])
    )
    table = table / max(1.0, float(table.max()) * 0.8)
    names = {
        "white": Tissue.WHITE_MATTER,
        "grey": Tissue.GREY_MATTER,
        "csf": Tissue.CSF,
        "dura": Tissue.LIGAMENT,
        "fat": Tissue.EPIDURAL_FAT,
        "ligament": Tissue.LIGAMENT,
        "cortical": Tissue.CORTICAL_BONE,
        "marrow": Tissue.MARROW,
        "disc": Tissue.ANNULUS,
        "nucleus": Tissue.NUCLEUS,
        "muscle": Tissue.MUSCLE,
        "vessel": Tissue.VESSEL,
        "air": Tissue.AIR,
    }
    return {name: float(table[tissue]) for name, tissue in names.items()}
