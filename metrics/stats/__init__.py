"""Honest statistics over scores: intervals, comparisons, and what a sample can show."""

from evalhub.metrics.stats.agreement import (
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    matthews_correlation,
    percent_agreement,
)
from evalhub.metrics.stats.agreement_intervals import alpha_interval, kappa_interval
from evalhub.metrics.stats.bootstrap import (
    BootstrapMethod,
    bootstrap_function,
    bootstrap_mean,
    bootstrap_means,
    resampled_sums,
)
from evalhub.metrics.stats.cluster_sums import MeansFunction
from evalhub.metrics.stats.clustered_rate import clustered_rate_interval
from evalhub.metrics.stats.correlation import (
    CorrelationMethod,
    WilliamsTest,
    correlation,
    correlations_by_group,
    summary_level,
    system_level,
    williams_test,
)
from evalhub.metrics.stats.effects import (
    cliffs_delta,
    cohens_dz,
    hedges_g,
    probability_of_superiority,
)
from evalhub.metrics.stats.figure import Figure
from evalhub.metrics.stats.intervals import (
    Interval,
    MeanDifference,
    clopper_pearson_interval,
    difference_of_means,
    jeffreys_interval,
    mean_interval,
    wilson_interval,
)
from evalhub.metrics.stats.multiplicity import (
    benjamini_hochberg,
    benjamini_yekutieli,
    bonferroni,
    holm,
)
from evalhub.metrics.stats.noninferiority import (
    Conclusion,
    Equivalence,
    WorstCase,
    conclude,
    equivalence,
    missing_range,
    noninferiority,
    worst_case_difference,
    worst_case_mean,
)
from evalhub.metrics.stats.paired import (
    McNemar,
    PairedDifference,
    mcnemar,
    paired_difference,
)
from evalhub.metrics.stats.pass_at_k import (
    count_passes,
    pass_at_k,
    pass_hat_k,
    passes_at_k,
    passes_hat_k,
)
from evalhub.metrics.stats.power import (
    design_effect,
    detection_power,
    examples_needed,
    gate_power,
    minimum_detectable_effect,
    minimum_detectable_rate_effect,
    rate_examples_needed,
    rate_power,
)
from evalhub.metrics.stats.prevalence import Trials, corrected_rate, effective_trials
from evalhub.metrics.stats.ratings import confusion_matrix
from evalhub.metrics.stats.repeats import (
    VarianceComponents,
    variance_components,
)
from evalhub.metrics.stats.sample import (
    Clusters,
    Estimate,
)
from evalhub.metrics.stats.sequential import (
    ConfidenceSequence,
    confidence_sequence,
)
from evalhub.metrics.stats.slices import (
    SliceMean,
    slice_means,
    worst_slice,
)

__all__ = [
    "BootstrapMethod",
    "Clusters",
    "Conclusion",
    "ConfidenceSequence",
    "CorrelationMethod",
    "Equivalence",
    "Estimate",
    "Figure",
    "Interval",
    "McNemar",
    "MeanDifference",
    "MeansFunction",
    "PairedDifference",
    "SliceMean",
    "Trials",
    "VarianceComponents",
    "WilliamsTest",
    "WorstCase",
    "alpha_interval",
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "bonferroni",
    "bootstrap_function",
    "bootstrap_mean",
    "bootstrap_means",
    "cliffs_delta",
    "clopper_pearson_interval",
    "clustered_rate_interval",
    "cohen_kappa",
    "cohens_dz",
    "conclude",
    "confidence_sequence",
    "confusion_matrix",
    "corrected_rate",
    "correlation",
    "correlations_by_group",
    "count_passes",
    "design_effect",
    "detection_power",
    "difference_of_means",
    "effective_trials",
    "equivalence",
    "examples_needed",
    "fleiss_kappa",
    "gate_power",
    "hedges_g",
    "holm",
    "jeffreys_interval",
    "kappa_interval",
    "krippendorff_alpha",
    "matthews_correlation",
    "mcnemar",
    "mean_interval",
    "minimum_detectable_effect",
    "minimum_detectable_rate_effect",
    "missing_range",
    "noninferiority",
    "paired_difference",
    "pass_at_k",
    "pass_hat_k",
    "passes_at_k",
    "passes_hat_k",
    "percent_agreement",
    "probability_of_superiority",
    "rate_examples_needed",
    "rate_power",
    "resampled_sums",
    "slice_means",
    "summary_level",
    "system_level",
    "variance_components",
    "williams_test",
    "wilson_interval",
    "worst_case_difference",
    "worst_case_mean",
    "worst_slice",
]
