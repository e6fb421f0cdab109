"""Skip bigrams of long texts: in runs that fit in memory."""

import numpy as np
import pytest

from evalhub.metrics.text import pairs
from evalhub.metrics.text.rouge import Rouge


@pytest.mark.parametrize("compat", ["rouge_score", "perl155"])
def test_runs_of_pairs_score_as_all_at_once(compat: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few fit: texts of no token, of one, of many, and several references."""
    rng = np.random.default_rng(5)
    texts = [" ".join(rng.choice(list("abcdefgh"), size)) for size in (0, 1, 40, 3, 25, 60)]
    references = [[one, other] for one, other in zip(texts[::-1], texts, strict=True)]
    variants = ["rougeS*", "rougeSU*", "rougeS2", "rougeSU4"]
    rouge = Rouge(variants, compat=compat, no_tokens="zero")  # type: ignore[arg-type] # one of its values
    whole = rouge.score_batch(texts, references)
    for most in (1, 500, 5_000):
        monkeypatch.setattr(pairs, "_MOST_GRAMS", most)
        for name, column in rouge.score_batch(texts, references).items():
            np.testing.assert_array_equal(column.values, whole[name].values)
            np.testing.assert_array_equal(column.precision, whole[name].precision)
