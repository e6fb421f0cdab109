"""What makes a calibration weaker than its figures look."""

from collections.abc import Iterator

from evalhub.metrics.judge.calibration_record import Calibration, VerdictFigures

__all__ = ["warnings_of"]

_FEW_LABELS = 50
_FEW_OF_A_KIND = 20
"""With 20 of 20 right, the lower end of the rate is 0.84; with 10 of 10 it is 0.72."""
_FEW_CLUSTERS = 20
"""With 10, simulated 95% intervals of kappa hold the truth in 88%; with 20 in 93%."""
_SKEWED = 0.9
_MANY_MISSING = 0.05


def warnings_of(calibration: Calibration) -> tuple[str, ...]:
    """Return what a reader of *calibration* should know, each in one line."""
    return tuple(_all(calibration))


def _all(found: Calibration) -> Iterator[str]:
    if found.n < _FEW_LABELS:
        yield f"{found.n} labels give wide intervals; label 100 or more"
    if found.clusters is not None and found.clusters < _FEW_CLUSTERS:
        yield f"{found.clusters} clusters are few: the intervals are somewhat too narrow"
    yield from _missing(found)
    if found.verdicts is not None:
        yield from _prevalence(found.verdicts)
    for name, figure in (("kappa", found.kappa), ("alpha", found.alpha)):
        if figure.value is None:
            yield f"{name} cannot be told: {figure.reason}"


def _missing(found: Calibration) -> Iterator[str]:
    asked = found.n + found.unjudged
    if found.unjudged > _MANY_MISSING * asked:
        yield (
            f"the judge gave no verdict on {found.unjudged} of {asked} labelled outputs "
            f"({found.unjudged / asked:.0%}); the figures are those of the others"
        )
    if found.unlabelled and found.humans is not None:
        yield f"{found.unlabelled} judged outputs are left out: people tie, or did not label them"


def _prevalence(verdicts: VerdictFigures) -> Iterator[str]:
    named = (
        ("pass", "true-pass rate", verdicts.true_pass_rate.n),
        ("fail", "true-fail rate", verdicts.true_fail_rate.n),
    )
    for verdict, rate, n in named:
        if n < _FEW_OF_A_KIND:
            yield f"only {n} labelled outputs {verdict}, and the {rate} rests on them; label more"
    base = verdicts.base_rate.value
    if base is not None and not 1 - _SKEWED <= base <= _SKEWED:
        yield (
            f"{base:.0%} of the labelled outputs pass: accuracy says little there, and kappa "
            "is lower than with balanced labels; look at the two rates"
        )
