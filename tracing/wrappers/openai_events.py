"""Gather the events of streamed responses, images, transcriptions and Assistants runs.

Each stream tells at its end what the whole is; the pieces count only when the end does
not come.
"""

from typing import Any

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.wrappers.openai_answer import plain, record_outcome

__all__ = ["AssistantEvents", "ImageEvents", "ResponseEvents", "TranscriptEvents"]

_RESPONSE_STATES = frozenset(
    f"response.{state}"
    for state in ("created", "queued", "in_progress", "completed", "incomplete", "failed")
)


class ResponseEvents:
    """Gathers the events of a streamed response; the caller sees them all."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._items: list[Any] = []
        self._response: Any = None
        self._error: dict[str, Any] | None = None
        self.started = False

    def add(self, chunk: Any) -> bool:
        """Gather an event."""
        kind = chunk.type
        if kind == "response.output_text.delta":
            self.started = True
            self._texts.append(chunk.delta)
        elif kind.endswith(".delta"):
            self.started = True
        elif kind in _RESPONSE_STATES:
            self._response = chunk.response
        elif kind == "response.output_item.done":
            self._items.append(chunk.item)
        elif kind == "error":
            self._error = plain(chunk)
        return True

    def record(self, span: ActiveSpan) -> None:
        """Record the last state of the response, with what has come so far if it has no output."""
        outputs = {} if self._response is None else plain(self._response)
        if not outputs.get("output"):
            outputs["output"] = [plain(item) for item in self._items]
            outputs["output_text"] = "".join(self._texts)
        if self._error is not None:
            outputs["error"] = outputs.get("error") or self._error
        record_outcome(span, outputs)


class ImageEvents:
    """Gathers the events of a streamed image: those that are complete, not the drafts."""

    def __init__(self) -> None:
        self._images: list[Any] = []
        self._n_drafts = 0
        self.started = False

    def add(self, chunk: Any) -> bool:
        """Gather an event."""
        self.started = True
        if chunk.type.endswith(".completed"):
            self._images.append(chunk)
        else:
            self._n_drafts += 1
        return True

    def record(self, span: ActiveSpan) -> None:
        """Record the images, and how many drafts came before them."""
        images = [plain(image) for image in self._images]
        last = images[-1] if images else {}
        outputs = {key: last[key] for key in ("output_format", "usage") if key in last}
        record_outcome(span, {"data": images, "drafts": self._n_drafts, **outputs})


class TranscriptEvents:
    """Gathers the events of a streamed transcription."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._done: Any = None
        self.started = False

    def add(self, chunk: Any) -> bool:
        """Gather an event."""
        if chunk.type == "transcript.text.delta":
            self.started = True
            self._texts.append(chunk.delta)
        elif chunk.type == "transcript.text.done":
            self._done = chunk
        return True

    def record(self, span: ActiveSpan) -> None:
        """Record the whole text, or what has come of it."""
        done = {"text": "".join(self._texts)} if self._done is None else plain(self._done)
        record_outcome(span, done)


class AssistantEvents:
    """Gathers the events of a streamed run of an Assistant: messages, steps and their tokens."""

    def __init__(self) -> None:
        self._run: Any = None
        self._messages: list[Any] = []
        self._steps: list[Any] = []
        self._texts: list[str] = []
        self.started = False

    def add(self, chunk: Any) -> bool:
        """Gather an event."""
        kind = chunk.event
        if kind == "thread.message.delta":
            self.started = True
            self._texts.extend(_texts(chunk.data.delta))
        elif kind == "thread.message.completed":
            self._messages.append(chunk.data)
            self._texts.clear()
        elif kind == "thread.run.step.completed":
            self._steps.append(chunk.data)
        elif kind.startswith("thread.run.") and not kind.startswith("thread.run.step."):
            self._run = chunk.data
        return True

    def record(self, span: ActiveSpan) -> None:
        """Record the last state of the run with its messages and steps."""
        outputs = {} if self._run is None else plain(self._run)
        outputs["messages"] = [plain(message) for message in self._messages]
        outputs["steps"] = [plain(step) for step in self._steps]
        if self._texts:
            outputs["output_text"] = "".join(self._texts)
        record_outcome(span, outputs)


def _texts(delta: Any) -> list[str]:
    texts = (getattr(part, "text", None) for part in delta.content or ())
    return [text.value for text in texts if text is not None and text.value]
