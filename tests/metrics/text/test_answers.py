"""Exact match, token F1, contains and regular expressions."""

import pytest

from evalhub.errors import MetricError, MetricInputError
from evalhub.metrics.structure.contains import Contains
from evalhub.metrics.structure.regex import Regex
from evalhub.metrics.text.exact_match import ExactMatch
from evalhub.metrics.text.token_f1 import TokenF1


@pytest.mark.parametrize(
    ("output", "references", "expected"),
    [
        ("The Eiffel Tower!", ["eiffel tower"], 1.0),
        ("Eiffel", ["eiffel tower", "Eiffel"], 1.0),
        ("Eiffel Towers", ["eiffel tower"], 0.0),
        ("", ["the"], 1.0),  # both are nothing once the article is gone, as in the script
    ],
)
def test_exact_match_normalises_as_squad(
    output: str, references: list[str], expected: float
) -> None:
    """Case, punctuation, articles and white space do not count."""
    column = ExactMatch().score_batch([output], [references])["exact_match"]
    assert column.values.tolist() == [expected]


def test_exact_match_can_be_literal() -> None:
    """Without normalising, case counts."""
    column = ExactMatch(normalize=False).score_batch(["A b", "a b"], ["a b", "a b"])["exact_match"]
    assert column.values.tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("output", "references", "expected"),
    [
        ("no no", ["no"], 2 / 3),
        ("a cat sat", ["the cat sat down"], 2 * 1 * (2 / 3) / (1 + 2 / 3)),
        ("x", ["y", "x"], 1.0),
        ("the", ["a"], 1.0),
        ("the", ["cat"], 0.0),
        ("dog", ["cat"], 0.0),
    ],
)
def test_token_f1_counts_tokens(output: str, references: list[str], expected: float) -> None:
    """Tokens are a multiset; the best reference counts."""
    column = TokenF1().score_batch([output], [references])["token_f1"]
    assert column.values[0] == pytest.approx(expected)


def test_contains_asks_for_any_or_all() -> None:
    """Case is ignored unless told otherwise."""
    row = [["Paris", "Rome"]]
    text = ["paris is a city"]
    assert Contains().score_batch(text, row)["contains"].values[0] == 1.0
    assert Contains(need="all").score_batch(text, row)["contains"].values[0] == 0.0
    assert Contains(ignore_case=False).score_batch(text, row)["contains"].values[0] == 0.0


def test_contains_can_ask_for_none() -> None:
    """For what must not be said: 1 where no reference is part of the output."""
    rows = [["Paris", "Rome"]] * 2
    column = Contains(need="none").score_batch(["rome it is", "Oslo"], rows)["contains"]
    assert column.values.tolist() == [0.0, 1.0]


def test_regex_searches_or_matches_all() -> None:
    """Flags go into the pattern."""
    outputs = ["Answer: YES", "yes"]
    assert Regex("(?i)yes").score_batch(outputs)["regex"].values.tolist() == [1.0, 1.0]
    assert Regex("(?i)yes", full=True).score_batch(outputs)["regex"].values.tolist() == [0.0, 1.0]


def test_bad_settings_are_refused() -> None:
    """The message has the value."""
    with pytest.raises(MetricError, match=r"'\(' is no regular expression"):
        Regex("(")
    with pytest.raises(MetricError, match="need is 'some'; use any, all or none"):
        Contains(need="some")  # type: ignore[arg-type] # what a suite file may hold


@pytest.mark.parametrize("metric", [ExactMatch(), TokenF1(), Contains()])
def test_what_is_missing_is_a_state(metric: ExactMatch | TokenF1 | Contains) -> None:
    """No output is an error of the example; no reference skips it."""
    column = metric.score_batch([None, "a"], ["a", []])[metric.name]
    assert [column.score(i).state for i in range(2)] == ["errored", "skipped"]
    assert [column.score(i).value for i in range(2)] == [None, None]


def test_regex_of_a_missing_output_is_an_error() -> None:
    """A failed target does not pass for an output without a match."""
    assert Regex("a").score_batch([None])["regex"].score(0).state == "errored"


def test_references_must_be_texts() -> None:
    """A number among the references is named."""
    with pytest.raises(MetricInputError, match="reference 1 is 7"):
        ExactMatch().score_batch(["a", "b"], [["a"], [7]])  # type: ignore[list-item] # from JSON
    with pytest.raises(MetricInputError, match="reference 0 is 7"):
        ExactMatch().score_batch(["a"], [7])  # type: ignore[list-item] # from JSON


@pytest.mark.parametrize("metric", [ExactMatch(), TokenF1(), Contains()])
def test_bytes_are_refused_with_their_place(metric: ExactMatch | TokenF1 | Contains) -> None:
    """Undecoded text is a mistake of the caller, on either side."""
    with pytest.raises(MetricInputError, match=r"output 1 is b'a'"):
        metric.score_batch(["a", b"a"], ["a", "a"])  # type: ignore[list-item]  # what is tested
    with pytest.raises(MetricInputError, match=r"b'a'"):
        metric.score_batch(["a", "a"], ["a", b"a"])  # type: ignore[list-item]  # what is tested


@pytest.mark.parametrize(("metric", "both", "one"), [(ExactMatch(), 1, 0), (TokenF1(), 1, 0)])
def test_empty_texts_are_texts(metric: ExactMatch | TokenF1, both: float, one: float) -> None:
    """Nothing equals nothing, and is not a word; no state hides it."""
    column = metric.score_batch(["", "", "a b"], ["", "word", ""])[metric.name]
    assert column.values.tolist() == [both, one, one]
    assert column.states is None


@pytest.mark.parametrize("metric", [ExactMatch(), TokenF1(), Contains(), Regex("a")])
def test_no_examples_are_no_scores(metric: ExactMatch | TokenF1 | Contains | Regex) -> None:
    """An empty batch gives an empty column."""
    columns: list[list[str]] = [[] for _ in metric.requires]
    assert len(metric.score_batch(*columns)[metric.name]) == 0
