"""Adjusted p-values, against statsmodels."""

import importlib
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalhub.errors import MetricInputError
from evalhub.metrics.stats import benjamini_hochberg, benjamini_yekutieli, bonferroni, holm

_ADJUST = [
    (benjamini_hochberg, "fdr_bh"),
    (benjamini_yekutieli, "fdr_by"),
    (holm, "holm"),
    (bonferroni, "bonferroni"),
]
_p_values = st.lists(
    st.floats(0, 1) | st.sampled_from([0.0, 0.01, 0.05, 1.0]), min_size=1, max_size=12
)


@pytest.mark.parametrize(("adjust", "method"), _ADJUST)
def test_adjusted_p_values_are_those_of_statsmodels(
    adjust: Callable[[Sequence[float]], list[float]], method: str
) -> None:
    """In the order given, ties included."""
    multiple = importlib.import_module("statsmodels.stats.multitest")

    @settings(deadline=None, max_examples=15)
    @given(
        st.lists(st.floats(0, 1) | st.sampled_from([0.0, 0.01, 0.05, 1.0]), min_size=1, max_size=12)
    )
    def holds(p_values: list[float]) -> None:
        expected = multiple.multipletests(p_values, method=method)[1]
        assert adjust(p_values) == pytest.approx(expected.tolist(), abs=1e-12)

    holds()


@pytest.mark.parametrize(("adjust", "_method"), _ADJUST)
def test_nothing_adjusts_to_nothing_and_no_chance_is_above_one(
    adjust: Callable[[Sequence[float]], list[float]], _method: str
) -> None:
    """An empty list stays empty; NaN and 1.2 are not p-values."""
    assert adjust([]) == []
    for wrong in (float("nan"), 1.2, -0.1):
        with pytest.raises(MetricInputError, match="a p-value is"):
            adjust([0.5, wrong])
