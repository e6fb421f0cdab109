"""How far a judge can be trusted: its verdicts against people's, before anyone relies on it.

Raw agreement flatters a judge wherever most outputs pass, so kappa and alpha are given, and
the two rates that matter to a user: how many of the true passes it passes and of the true
fails it fails. With these, the pass rate that it gave to outputs nobody labelled is
corrected (see :mod:`evalhub.metrics.stats.prevalence`). Every figure has its 95% interval.
"""

from collections.abc import Sequence
from dataclasses import replace

from evalhub.errors import MetricInputError
from evalhub.metrics.judge.calibration_labels import (
    Kind,
    Reading,
    Threshold,
    as_labels,
    choose_threshold,
    consensus,
)
from evalhub.metrics.judge.calibration_record import (
    Calibration,
    GradeFigures,
    HumanAgreement,
    Split,
    VerdictFigures,
)
from evalhub.metrics.judge.calibration_sample import Sample, Units
from evalhub.metrics.judge.calibration_warnings import warnings_of
from evalhub.metrics.stats.figure import Figure
from evalhub.metrics.stats.intervals import wilson_interval
from evalhub.metrics.stats.prevalence import Trials, corrected_rate, effective_trials
from evalhub.metrics.stats.ratings import Label, Labels

__all__ = ["calibrate"]


def calibrate(
    judge_labels: Labels,
    human_labels: Labels,
    *,
    further_raters: Sequence[Labels] = (),
    threshold: Threshold = None,
    human_threshold: float | None = None,
    scale: tuple[float, float] | None = None,
    keys: Sequence[object] | None = None,
    clusters: Sequence[object] | None = None,
    held_out: float = 0.0,
    seed: int = 0,
    unlabelled: Labels = (),
) -> Calibration:
    """Measure a judge against people.

    Labels are verdicts (1 and 0, pass and fail, yes and no ...), grades (other numbers) or
    categories (other words); None and NaN stand for "not judged" and "not labelled".

    Args:
        judge_labels: What the judge said of each output.
        human_labels: What a person said of it.
        further_raters: What other people said. The median of their grades, or what most of
            them say, is taken as the truth; where they tie the output is left out.
        threshold: The lowest of the judge's grades that passes; ``auto`` chooses it by kappa
            on the labels that are not held out.
        human_threshold: The same for people's grades; *threshold* where None.
        scale: The judge's least and greatest grade.
        keys: The outputs' ids, by which they are held out; their places where None.
        clusters: What makes outputs hang together, such as a conversation, one per output.
        held_out: Share of the labels that the figures come from; the others are those that
            the prompt or the threshold was chosen by. 0 takes all for the figures.
        seed: Of the split and of the intervals.
        unlabelled: What the judge said of outputs that nobody labelled; their true pass rate
            is estimated.

    Raises:
        MetricInputError: the columns do not fit, labels are of unlike kinds, or ``auto`` has
            no labels to choose by.
    """
    units = Units.of(judge_labels, [human_labels, *further_raters], keys, clusters)
    choosing, measured = units.split(held_out, seed)
    new = as_labels(unlabelled)
    reading = Reading.of(
        [*units.judge, *new],
        units.human,
        threshold=_pass_mark(threshold, human_threshold, choosing),
        human_threshold=human_threshold,
        scale=scale,
    )
    sample = Sample.of(measured, reading, scale, seed)
    found = Calibration(
        kind=reading.kind,
        n=len(sample.human),
        unjudged=sample.unjudged,
        unlabelled=sample.unlabelled,
        categories=() if sample.is_fine else sample.categories,
        confusion=sample.confusion(),
        accuracy=sample.accuracy(),
        kappa=sample.kappa(),
        alpha=sample.alpha(),
        verdicts=_verdicts(sample, reading.judge(new)) if reading.kind is Kind.VERDICT else None,
        rounded=sample.is_rounded,
        grades=_grades(sample) if reading.kind is Kind.GRADE else None,
        humans=_humans(sample) if further_raters else None,
        threshold=reading.threshold,
        threshold_chosen=threshold == "auto",
        human_threshold=reading.human_threshold,
        split=Split(held_out, seed, len(choosing.judge)) if held_out else None,
        clusters=None if sample.clusters is None else len(set(sample.clusters)),
    )
    return replace(found, warnings=warnings_of(found))


def _pass_mark(threshold: Threshold, human_threshold: float | None, units: Units) -> float | None:
    """Return the judge's threshold, chosen by *units* where it is to be chosen."""
    if threshold != "auto":
        return threshold
    if not units.judge:
        raise MetricInputError(
            "the threshold would be chosen by the labels that measure it; hold some out "
            "(held_out=0.5), or give the threshold"
        )
    people = Reading.of([], units.human, human_threshold=human_threshold)
    if people.kind is not Kind.VERDICT:
        raise MetricInputError(
            f"people's labels are of the kind {people.kind}; give the grade from which an output "
            "passes for them (human_threshold), and the judge's is chosen"
        )
    truth = consensus([people.human(labels) for labels in units.raters], people.kind)
    return choose_threshold(units.judge, truth)


def _verdicts(sample: Sample, new: Sequence[Label]) -> VerdictFigures:
    passes, fails = _passes_truly, _fails_truly
    judged = [label for label in new if label is not None]
    figures = VerdictFigures(
        base_rate=sample.rate(passes),
        judge_rate=sample.rate(_is_passed),
        true_pass_rate=sample.rate(_is_passed, among=passes, empty="no labelled output passes"),
        true_fail_rate=sample.rate(_is_failed, among=fails, empty="no labelled output fails"),
    )
    if not judged:
        return figures
    observed = Trials(sum(label == 1 for label in judged), len(judged))
    found = wilson_interval(int(observed.successes), len(judged))
    return replace(
        figures,
        observed_rate=Figure(found.n, found.mean, found.lower, found.upper),
        corrected_rate=corrected_rate(
            observed,
            sensitivity=effective_trials(*sample.outcomes(_is_passed, passes)),
            specificity=effective_trials(*sample.outcomes(_is_failed, fails)),
        ),
    )


def _passes_truly(_judge: Label, human: Label) -> bool:
    return human == 1


def _fails_truly(_judge: Label, human: Label) -> bool:
    return human == 0


def _is_passed(judge: Label, _human: Label) -> bool:
    return judge == 1


def _is_failed(judge: Label, _human: Label) -> bool:
    return judge == 0


def _grades(sample: Sample) -> GradeFigures:
    judge = [float(grade) for grade in sample.exact if grade is not None]
    human = [float(grade) for grade in sample.human if grade is not None]
    apart = [said - truth for said, truth in zip(judge, human, strict=True)]
    return GradeFigures(sample.mean(human), sample.mean(judge), sample.mean(apart))


def _humans(sample: Sample) -> HumanAgreement:
    return HumanAgreement(
        raters=len(sample.whole.raters),
        alpha=sample.human_alpha(),
        pair_kappa=sample.human_pair_kappa(),
        judge_pair_kappa=sample.judge_pair_kappa(),
    )
