"""Put a streamed message together again, from the events that the API documents.

Of a delta only its strings are kept, not the event: a stream of 10,000 events holds
10,000 short strings. They are joined when the stream ends.
"""

import json
from typing import Any

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.wrappers.anthropic_answer import dump, record_message

__all__ = ["MessageEvents"]

_TEXTS = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": "partial_json",
    "signature_delta": "signature",
}
"""Where the text of each kind of delta is; other kinds are kept whole."""


class MessageEvents:
    """Gathers the events of one streamed message; the caller sees them all."""

    def __init__(self, request_id: str | None = None) -> None:
        self._request_id = request_id
        self._message: dict[str, Any] = {}
        self._blocks: dict[int, dict[str, Any]] = {}
        self._pieces: dict[tuple[int, str], list[Any]] = {}
        self._stopped = False
        self.started = False

    def add(self, chunk: Any) -> bool:
        """Gather an event."""
        kind = getattr(chunk, "type", None)
        if kind == "content_block_delta":
            self.started = True
            self._add_delta(chunk.index, chunk.delta)
        elif kind == "content_block_start":
            self._blocks[chunk.index] = dump(chunk.content_block)
        elif kind == "message_start":
            self._message = dump(chunk.message)
        elif kind == "message_delta":
            self._add_end(dump(chunk))
        elif kind == "message_stop":
            self._stopped = True
        return True

    def record(self, span: ActiveSpan) -> None:
        """Record the message as far as it has come; metadata says whether it is complete."""
        content = [self._block(index) for index in sorted(self._blocks)]
        extra = {"request_id": self._request_id, "stream_complete": self._stopped}
        record_message(span, {**self._message, "content": content}, extra)

    def _add_delta(self, index: int, delta: Any) -> None:
        kind = delta.type
        field = _TEXTS.get(kind)
        piece = dump(delta) if field is None else getattr(delta, field)
        pieces = self._pieces.get((index, kind))
        if pieces is None:
            self._pieces[index, kind] = [piece]
        else:
            pieces.append(piece)

    def _add_end(self, event: dict[str, Any]) -> None:
        self._message.update(event.get("delta") or {})
        # Cumulative counts; what is absent or null keeps its value from the start.
        counts = {
            key: value for key, value in (event.get("usage") or {}).items() if value is not None
        }
        self._message["usage"] = {**(self._message.get("usage") or {}), **counts}

    def _block(self, index: int) -> dict[str, Any]:
        block = dict(self._blocks[index])
        for (at, kind), pieces in self._pieces.items():
            if at == index:
                _join(block, kind, pieces)
        return block


def _join(block: dict[str, Any], kind: str, pieces: list[Any]) -> None:
    if kind == "input_json_delta":
        block["input"] = _parsed("".join(pieces))
    elif kind == "citations_delta":
        citations = [piece.get("citation") for piece in pieces]
        block["citations"] = [*(block.get("citations") or ()), *citations]
    elif kind in _TEXTS:
        field = _TEXTS[kind]
        block[field] = (block.get(field) or "") + "".join(pieces)
    else:
        for piece in pieces:  # "compaction_delta" and those to come: the fields it brings
            block.update({key: value for key, value in piece.items() if key != "type"})


def _parsed(text: str) -> Any:
    """Return the input of a tool; the text as it is when it was cut off."""
    try:
        return json.loads(text) if text else {}
    except ValueError:
        return text
