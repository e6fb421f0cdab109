"""What a calibration found, and for how long it holds."""

from dataclasses import dataclass, field

from evalhub.metrics.judge.calibration_labels import Kind
from evalhub.metrics.stats.figure import Figure
from evalhub.metrics.stats.ratings import Label

__all__ = ["Calibration", "GradeFigures", "HumanAgreement", "Split", "VerdictFigures"]


@dataclass(frozen=True, slots=True)
class VerdictFigures:
    """How passes and fails were told apart; each rate from 0 to 1."""

    base_rate: Figure
    """Share of the labelled outputs that truly pass."""
    judge_rate: Figure
    """Share of them that the judge passes."""
    true_pass_rate: Figure
    """Share of the true passes that the judge passes (sensitivity, TPR)."""
    true_fail_rate: Figure
    """Share of the true fails that the judge fails (specificity, TNR)."""
    observed_rate: Figure | None = None
    """Share of the outputs without labels that the judge passes."""
    corrected_rate: Figure | None = None
    """Share of them that truly pass, by what the labels say of the judge's mistakes."""


@dataclass(frozen=True, slots=True)
class GradeFigures:
    """How grades lie to each other, in grades."""

    human_mean: Figure
    judge_mean: Figure
    bias: Figure
    """Mean of the judge's grade minus people's: above 0 it is lenient."""


@dataclass(frozen=True, slots=True)
class HumanAgreement:
    """How far people agree among themselves: more cannot be asked of a judge."""

    raters: int
    alpha: Figure
    """Krippendorff's alpha of the people."""
    pair_kappa: float | None
    """Mean kappa of each two people, weighted as the judge's is; None where undefined."""
    judge_pair_kappa: float | None
    """Mean kappa of the judge and each person: what to hold beside ``pair_kappa``."""


@dataclass(frozen=True, slots=True)
class Split:
    """Which part of the labels the figures come from."""

    held_out: float
    seed: int
    chosen_on: int
    """Labels that thresholds were chosen by; none of them is in the figures."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A judge measured against people's labels. Figures have 95% intervals."""

    kind: Kind
    n: int
    """Units that both the judge and people have labelled, and that the figures rest on."""
    unjudged: int
    """Labelled units on which the judge gave no verdict; they are left out."""
    unlabelled: int
    """Judged units without a label of people's, or on which people tie; left out."""
    categories: tuple[Label, ...]
    confusion: tuple[tuple[int, ...], ...]
    """Units by people's label (row) and the judge's (column); empty where grades have no steps."""
    accuracy: Figure
    kappa: Figure
    """Cohen's; of grades with quadratic weights."""
    alpha: Figure
    """Krippendorff's, of judge and people; of grades at ordinal level, without steps interval."""
    rounded: bool = False
    """Whether the judge's grades were rounded to the steps of people's for these figures."""
    verdicts: VerdictFigures | None = None
    grades: GradeFigures | None = None
    humans: HumanAgreement | None = None
    threshold: float | None = None
    threshold_chosen: bool = False
    """Whether the threshold was chosen by the labels that are not in the figures."""
    human_threshold: float | None = None
    split: Split | None = None
    clusters: int | None = None
    warnings: tuple[str, ...] = field(default=())
