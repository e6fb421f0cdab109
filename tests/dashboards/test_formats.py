"""How numbers and times are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.dashboards import formats


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (None, "–"),
        (0.0, "0 µs"),
        (0.25, "250 µs"),
        (0.9999, "1 ms"),
        (12.345, "12.3 ms"),
        (340.0, "340 ms"),
        (999.7, "1.0 s"),
        (1234.0, "1.2 s"),
        (59_949.0, "59.9 s"),
        (59_960.0, "1 min 0 s"),
        (125_000.0, "2 min 5 s"),
    ],
)
def test_duration_takes_the_unit_that_fits(milliseconds: float | None, text: str) -> None:
    """A duration is written in one unit, and rounding moves it to the next one."""
    assert formats.duration(milliseconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, "–"),
        (0, "0"),
        (999, "999"),
        (1000, "1.0k"),
        (12345, "12.3k"),
        (999950, "1.0M"),
        (123456, "123k"),
        (4200000000, "4.2B"),
    ],
)
def test_compact_scales_counts(number: float | None, text: str) -> None:
    """A count has at most three digits and a letter for its scale."""
    assert formats.compact(number) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1630, "1.6 kB"), (20_000_000, "20.0 MB"), (4 * 10**9, "4.0 GB")],
)
def test_sizes_are_bytes_with_a_scale(count: int, text: str) -> None:
    """A byte is a B, whatever its scale."""
    assert formats.size(count) == text


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (None, "–"),
        (0.0, "$0"),
        (0.000_000_01, "<$0.000001"),
        (0.000_212, "$0.00021"),
        (0.0012, "$0.0012"),
        (0.0999, "$0.100"),
        (12.4, "$12.40"),
        (1234.5, "$1,234.50"),
    ],
)
def test_cost_tells_unknown_from_zero_and_from_tiny(usd: float | None, text: str) -> None:
    """An unknown cost is a dash, and a cost too small to write is not a zero."""
    assert formats.cost(usd) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0.000"),
        (0.12345, "0.123"),
        (12.34, "12.3"),
        (1234.5, "1,234"),
        (1.23e-05, "1.2e-05"),
    ],
)
def test_score_keeps_the_digits_that_matter(value: float | None, text: str) -> None:
    """A score between 0 and 1 has three decimals; a tiny one is not rounded to 0."""
    assert formats.score(value) == text


@given(st.floats(min_value=-1e6, max_value=1e6))
def test_signed_always_shows_the_direction(value: float) -> None:
    """A difference starts with its sign, unless it is nothing."""
    expected = "+" if value > 0 else "−" if value < 0 else "0"
    assert formats.signed(value).startswith(expected)


@given(st.floats(min_value=0, max_value=1e12, allow_nan=False))
def test_compact_stays_short(number: float) -> None:
    """No count up to a trillion is wider than six characters."""
    assert len(formats.compact(number)) <= 6


def test_plural_agrees_in_number() -> None:
    """One of a thing has no plural."""
    assert formats.plural(1, "span") == "1 span"
    assert formats.plural(2, "span") == "2 spans"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (5, "just now"),
        (61, "1 min ago"),
        (7200, "2 h ago"),
        (3 * 86_400, "3 d ago"),
        (-5, "just now"),
    ],
)
def test_ago_names_the_largest_unit(seconds: int, text: str) -> None:
    """A moment is told in whole units, rounded down; a clock ahead of ours is now."""
    assert formats.ago(0, seconds * 10**9) == text


def test_timestamp_is_utc() -> None:
    """The epoch is midnight whatever zone the machine is in."""
    assert formats.timestamp(0) == "1970-01-01 00:00:00"


@pytest.mark.parametrize(
    ("number", "text"), [(None, "–"), (-0.34, "-0.3"), (45.94, "45.9"), (99.96, "100")]
)
def test_amount_keeps_a_decimal_of_small_means(number: float | None, text: str) -> None:
    """A mean of 45.9 tokens is no 46 tokens, and one of 0.3 no 0."""
    assert formats.amount(number) == text


def test_literal_text_is_no_markdown() -> None:
    """An error that names a path or a price is shown letter for letter."""
    assert formats.literal("no `a_b`\n in $x$") == r"no \`a\_b\` in \$x\$"
