"""Messages, documents and errors as blocks of the page."""

from evalhub.dashboards.chat import document_cards, error_block, message_list, text_block
from evalhub.dashboards.documents import Document
from evalhub.dashboards.markup import element, find, table, text_of
from evalhub.dashboards.messages import Message, ToolCall

HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


def test_text_is_never_markup() -> None:
    """What a model wrote reaches the browser as a text node, letter for letter."""
    drawn = message_list([Message("user", HOSTILE)])
    (said,) = find(drawn, "said")
    assert said["children"] == [HOSTILE]


def test_a_role_of_ones_own_is_shown_and_no_class_name() -> None:
    """A producer's free text does not reach the style sheet."""
    drawn = message_list([Message("critic selected", "No.")])
    assert [item["attrs"]["class"] for item in find(drawn, "message")] == ["message other"]
    assert "critic selected" in text_of(drawn)


def test_tool_calls_show_name_and_arguments() -> None:
    """A call without text has no empty bubble."""
    drawn = message_list([Message("assistant", "", (ToolCall("add", '{"a": 2}'),))])
    assert text_of(drawn) == 'assistant calls add {"a": 2}'


def test_long_text_is_folded_and_complete() -> None:
    """Folding hides nothing: the whole text is there to open."""
    text = "word " * 1000
    drawn = text_block("Input", text)
    (folded,) = find(drawn, "folded")
    assert folded["tag"] == "details"
    assert text in text_of(folded)


def test_documents_have_rank_score_and_title() -> None:
    """A document without a score says so, and does not score 0."""
    drawn = document_cards([Document("one", "d1", "a.md", 0.91234), Document("two")])
    first, second = find(drawn, "card")
    assert text_of(first) == "1 a.md d1 0.912 one"
    assert text_of(second) == "2 Document 2 no score two"


def test_an_error_shows_its_line_and_folds_its_traceback() -> None:
    """The reason is read first."""
    drawn = error_block("ValueError('no')\nTraceback (most recent call last):\n  File ...")
    assert drawn["children"][0] == element("strong", "ValueError('no')")
    assert "Traceback (most recent call last)" in text_of(drawn)
    assert len(error_block("ValueError('no')")["children"]) == 1


def test_elements_leave_out_what_is_none() -> None:
    """Optional children and attributes need no conditions where pages are put together."""
    made = element("a", "text", None, css="", href=None, data_pick="7")
    assert made == {"tag": "a", "attrs": {"data-pick": "7"}, "children": ["text"]}


def test_numbers_and_their_headers_are_aligned_alike() -> None:
    """A column marked numeric has a right-aligned header."""
    drawn = table(["name", "n"], [], numeric=["n"])
    assert [header["children"] for header in find(drawn, "number")] == [["n"]]
