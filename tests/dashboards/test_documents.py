"""Retrievers' outputs become documents."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.dashboards.documents import Document, documents
from evalhub.model import Span


def found(outputs: Any) -> tuple[Document, ...]:
    """Return the documents of a retriever that returned *outputs*."""
    payload = orjson.dumps(outputs)
    return documents(
        Span("0" * 32, "1" * 32, None, "p", "search", "retriever", "ok", 0, 1, outputs=payload)
    )


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        pytest.param({"output": ["one", "two"]}, (Document("one"), Document("two")), id="texts"),
        pytest.param(
            [{"page_content": "one", "metadata": {"source": "a.md", "score": 0.5}}],
            (Document("one", None, "a.md", 0.5),),
            id="langchain",
        ),
        pytest.param(
            {"documents": [{"id": 7, "text": "one", "score": 1}]},
            (Document("one", "7", None, 1.0),),
            id="plain",
        ),
        pytest.param(
            {"output": [{"document": {"id": "d", "content": "one"}, "score": 0.9}]},
            (Document("one", "d", None, 0.9),),
            id="openinference",
        ),
        pytest.param({"output": [["one", 0.25]]}, (Document("one", None, None, 0.25),), id="pairs"),
        pytest.param({"output": "nothing"}, (), id="no-list"),
        pytest.param({"output": []}, (), id="empty"),
    ],
)
def test_known_shapes_are_read(outputs: Any, expected: tuple[Document, ...]) -> None:
    """Text, id, title and score are found where each library puts them."""
    assert found(outputs) == expected


def test_a_score_that_is_no_number_is_no_score() -> None:
    """A truth value or a word is not taken for a score."""
    assert found([{"text": "x", "score": True}])[0].score is None
    assert found([{"text": "x", "score": "high"}])[0].score is None


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["text", "id", "metadata", "document", "score", "title"]),
            st.none() | st.integers(0, 9) | st.text(max_size=5) | st.lists(st.integers(0, 9)),
        ),
        max_size=4,
    )
)
def test_every_item_becomes_one_document(items: list[Any]) -> None:
    """Whatever a retriever returns, no item is lost and every text is text."""
    cards = found({"output": items})
    assert len(cards) == len(items)
    assert all(isinstance(card.text, str) for card in cards)
