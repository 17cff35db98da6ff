"""What a study asks of its measures."""

from dataclasses import dataclass, fields
from typing import Literal, get_args

from softcord.stats.adjust import Correction
from softcord.stats.equivalence import margin_of
from softcord.stats.frames import PAPER_LEVEL, Unit

Kind = Literal["methods", "contrasts", "agreement", "precision", "change"]
Repeats = Literal["any", "run", "session"]
# The keys that each kind reads besides name, kind, metric and level, which all do.
KEYS: dict[str, tuple[str, ...]] = {
    "methods": ("unit_of_analysis", "reference", "correction", "methods", "contrasts", "margin"),
    "contrasts": ("correction", "methods", "contrasts", "margin"),
    "agreement": ("methods", "contrasts"),
    "precision": ("methods", "contrasts", "repeats"),
    "change": (
        "correction", "methods", "contrasts", "time", "group", "covariates", "drug_effect_pct", "trial_years",
        "trial_visits",
    ),
}  # fmt: skip
_COMMON = ("name", "kind", "metric", "level")


@dataclass(frozen=True)
class Question:
    """One question and the family of tests that answers it.

    ``kind``: ``methods`` compares methods by paired Wilcoxon tests; ``contrasts`` asks within each method
    whether CSA depends on the contrast (ANOVA, Friedman, post-hoc Wilcoxon over contrast pairs);
    ``agreement`` fits one contrast's CSA by another's and gives Bland-Altman limits.
    ``unit_of_analysis``: ``participant`` tests one value per participant (mean over contrasts); ``pooled``
    takes every image as independent, as the paper does for CSA errors, which they are not.
    ``reference``: the method that all others are compared with; None compares all pairs.
    ``methods`` and ``contrasts`` restrict what is compared; empty means all. Over fewer contrasts a spread is
    computed anew. ``margin``: the difference that does not matter, in the metric's unit; None takes the
    metric's own (:data:`softcord.stats.equivalence.MARGINS`).

    ``precision`` asks how much repeated scans of one person differ; ``repeats``: scans of one session
    (``run-1``, ``run-2``), sessions, or ``any``: runs where somebody has two, else sessions.
    ``change`` asks for the change a year. ``time`` names the column of sessions.tsv with ages or dates (None:
    age, acq_time, scan_date or date), ``group`` the column with the groups, ``covariates`` columns such as
    sex and age. A trial's drug slows the change by ``drug_effect_pct`` percent, in ``trial_visits`` scans
    over ``trial_years``.
    """

    name: str
    metric: str
    kind: Kind = "methods"
    unit_of_analysis: Unit = "participant"
    reference: str | None = None
    correction: Correction = "bonferroni"
    methods: tuple[str, ...] = ()
    contrasts: tuple[str, ...] = ()
    level: str = PAPER_LEVEL
    repeats: Repeats = "any"
    time: str | None = None
    group: str | None = None
    covariates: tuple[str, ...] = ()
    drug_effect_pct: float = 30.0
    trial_years: float = 2.0
    trial_visits: int = 3
    margin: float | None = None

    def __post_init__(self) -> None:
        for field, value, allowed in (
            ("kind", self.kind, get_args(Kind)),
            ("unit_of_analysis", self.unit_of_analysis, get_args(Unit)),
            ("correction", self.correction, get_args(Correction)),
            ("repeats", self.repeats, get_args(Repeats)),
        ):
            if value not in allowed:
                raise ValueError(f"{field}: must be one of {', '.join(allowed)}, got {value!r}")
        for field, number, least in (
            ("drug_effect_pct", self.drug_effect_pct, 0.0),
            ("trial_years", self.trial_years, 0.0),
            ("trial_visits", self.trial_visits, 1),
        ):
            if not number > least:
                raise ValueError(f"{field}: must be above {least:g}, got {number}")
        margin_of(self.metric, self.margin)
        for key in fields(self):
            if key.name not in (*_COMMON, *KEYS[self.kind]) and getattr(self, key.name) != key.default:
                known = ", ".join(KEYS[self.kind])
                raise ValueError(f"{key.name}: a question of kind {self.kind} does not read it, but {known}")


# The paper's questions (Figs. 4 to 9), soft and binarised CSA side by side, a participant being the unit.
DEFAULT_QUESTIONS = (
    Question("CSA STD across contrasts", "csa_std_mm2"),
    Question("CSA STD across contrasts, binarised", "csa_bin_std_mm2"),
    Question("absolute CSA error", "csa_abs_error_mm2"),
    Question("absolute CSA error, binarised", "csa_bin_abs_error_mm2"),
    Question("Dice", "dice"),
    Question("CSA over contrasts", "csa_mm2", kind="contrasts"),
    Question("CSA over contrasts, binarised", "csa_bin_mm2", kind="contrasts"),
    Question("CSA agreement of T1w and T2w", "csa_mm2", kind="agreement", contrasts=("T1w", "T2w")),
)
