"""The tree and the waterfall of a trace."""

from hypothesis import given
from hypothesis import strategies as st

from evalhub.dashboards.markup import find, text_of
from evalhub.dashboards.tree import arrange
from evalhub.dashboards.waterfall import MAX_ROWS, waterfall
from evalhub.model import Span

MS = 1_000_000


def span(
    number: int, parent: int | None = None, *, start: int = 0, end: int = 100, **more: object
) -> Span:
    """Return a span whose ids and times (ms) are these numbers."""
    fields: dict[str, object] = {"name": f"s{number}", "kind": "chain", "status": "ok", **more}
    return Span(
        trace_id="t",
        span_id=str(number),
        parent_id=None if parent is None else str(parent),
        project="p",
        start_ns=start * MS,
        end_ns=end * MS,
        **fields,  # type: ignore[arg-type]  # the three above and what the test adds
    )


def names(spans: list[Span]) -> list[tuple[str, int]]:
    """Return names and depths in reading order."""
    return [(row.span.name, row.depth) for row in arrange(spans)]


def test_children_stand_under_their_parent_by_time() -> None:
    """The order of arrival does not matter; time does."""
    spans = [span(3, 1, start=50), span(4, 2, start=20), span(2, 1, start=10), span(1)]
    assert names(spans) == [("s1", 0), ("s2", 1), ("s4", 2), ("s3", 1)]


def test_a_span_without_its_parent_stands_at_the_top() -> None:
    """A trace that is still arriving shows what is there."""
    assert names([span(2, 1), span(3, 2)]) == [("s2", 0), ("s3", 1)]


def test_a_ring_of_parents_is_shown_once() -> None:
    """Broken ids neither hang the page nor hide spans."""
    assert names([span(1, 2), span(2, 1)]) == [("s1", 0), ("s2", 1)]
    assert names([span(1, 1)]) == [("s1", 0)]


@given(st.lists(st.integers(-1, 30), min_size=1, max_size=30))
def test_every_span_is_shown_exactly_once(parents: list[int]) -> None:
    """Whatever the parents are, no span is lost or doubled."""
    spans = [span(number, parent) for number, parent in enumerate(parents)]
    assert sorted(row.span.span_id for row in arrange(spans)) == sorted(s.span_id for s in spans)


def test_a_chain_deeper_than_the_stack_is_walked() -> None:
    """Depth is limited by memory, not by Python's recursion."""
    spans = [span(number, number - 1 if number else None, start=number) for number in range(5000)]
    assert arrange(spans)[-1].depth == 4999


def test_bars_lie_where_the_time_was() -> None:
    """A bar's place and width are shares of the whole trace."""
    drawn = waterfall([span(1, end=200), span(2, 1, start=50, end=100)], selected="1")
    styles = [bar["attrs"]["style"] for bar in find(drawn, "wf-bar")]
    assert styles == [
        "left:min(0.0%,100% - 2px);width:100.0%",
        "left:min(25.0%,100% - 2px);width:25.0%",
    ]


def test_the_first_token_is_marked() -> None:
    """A streamed answer shows when its first token came."""
    drawn = waterfall([span(1, first_token_ns=25 * MS)], selected="1")
    (mark,) = find(drawn, "wf-first")
    assert mark["attrs"] == {
        "class": "wf-first",
        "style": "left:25.0%",
        "title": "first token 25 ms",
    }


def test_failed_and_selected_spans_stand_out_by_more_than_colour() -> None:
    """An error is a word, and the selection is told to screen readers."""
    drawn = waterfall([span(1), span(2, 1, status="error")], selected="2")
    row = list(find(drawn, "wf-row"))[-1]
    assert "error" in text_of(row)
    assert row["attrs"]["aria-current"] == "true"
    assert row["attrs"]["data-pick"] == "2"


def test_a_trace_of_no_length_is_drawn() -> None:
    """A start and an end at the same moment do not divide by zero."""
    drawn = waterfall([span(1, start=5, end=5)], selected="")
    assert len(list(find(drawn, "wf-bar"))) == 1


def test_a_huge_trace_says_what_it_leaves_out() -> None:
    """The page stays usable, and nothing is cut silently."""
    spans = [span(number, 0 if number else None) for number in range(MAX_ROWS + 3)]
    drawn = waterfall(spans, selected="0")
    assert len(list(find(drawn, "wf-bar"))) == MAX_ROWS
    assert "3 more spans not drawn" in text_of(drawn)


def test_a_foreign_kind_is_no_class_name() -> None:
    """Free text of another producer is shown, and does not reach the style sheet."""
    drawn = waterfall([span(1, kind="error selected")], selected="")
    row = list(find(drawn, "wf-row"))[-1]
    assert row["attrs"]["class"] == "wf-row kind-other"
    assert "error selected" in text_of(row)
