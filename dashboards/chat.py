"""One span's payload for reading: messages, documents, text."""

from collections.abc import Sequence

from evalhub.dashboards import formats
from evalhub.dashboards.documents import Document
from evalhub.dashboards.markup import Element, element
from evalhub.dashboards.messages import Message, ToolCall

__all__ = ["document_cards", "error_block", "message_list", "text_block"]

_FOLD_AT = 1200
"""Characters from which a text is folded: a long prompt must not bury the answer."""


def message_list(messages: Sequence[Message]) -> Element:
    """Return chat messages, the role above each."""
    return element("div", *map(_message, messages), css="messages")


def document_cards(documents: Sequence[Document]) -> Element:
    """Return retrieved documents as cards, each with its rank and score."""
    cards = [_card(rank, item) for rank, item in enumerate(documents, start=1)]
    return element("div", *cards, css="cards")


def text_block(title: str, text: str) -> Element:
    """Return a titled text, folded when it is long."""
    return element("section", element("h4", title), _body(text), css="text")


def error_block(error: str) -> Element:
    """Return an exception's line, with its traceback to open."""
    line, _, rest = error.strip().partition("\n")
    details = element("details", element("summary", "Traceback"), element("pre", rest.strip()))
    return element(
        "div",
        element("strong", line),
        details if rest.strip() else None,
        css="failure",
        role="alert",
    )


def _message(message: Message) -> Element:
    role = message.role if message.role in ("system", "user", "assistant", "tool") else "other"
    return element(
        "article",
        element("h4", message.role),
        _body(message.text) if message.text else None,
        *map(_tool_call, message.tool_calls),
        css=f"message {role}",
    )


def _tool_call(call: ToolCall) -> Element:
    return element(
        "div",
        element("span", "calls", css="quiet"),
        element("code", call.name),
        element("pre", call.arguments) if call.arguments else None,
        css="tool-call",
    )


def _card(rank: int, document: Document) -> Element:
    title = document.title or document.id or f"Document {rank}"
    return element(
        "article",
        element(
            "header",
            element("span", f"{rank}", css="rank"),
            element("strong", title, css="ellipsis"),
            element("span", document.id, css="quiet") if document.id not in (None, title) else None,
            _score(document.score),
        ),
        _body(document.text),
        css="card",
    )


def _score(value: float | None) -> Element:
    if value is None:
        return element("span", "no score", css="quiet")
    return element("span", formats.score(value), css="chip score", title="score")


def _body(text: str) -> Element:
    if len(text) <= _FOLD_AT:
        return element("div", text, css="said")
    beginning = element("summary", element("span", text[:_FOLD_AT].rstrip() + " …", css="said"))
    return element("details", beginning, element("div", text, css="said"), css="folded")
