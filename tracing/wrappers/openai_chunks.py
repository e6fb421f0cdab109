"""Gather the chunks of streamed chats and completions into the answer they make up.

A streamed token may cost its program 3 microseconds. Chunks are therefore not dumped:
the text is taken off those that bring nothing else, and the others are joined at once,
so that a long stream keeps its text and not its objects.
"""

from io import StringIO
from typing import Any

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.wrappers.openai_answer import record_outcome

__all__ = ["ChatChunks", "CompletionChunks"]

_WHOLE = frozenset({"role", "id", "type", "name", "index", "call_id", "function_call_id", "format"})
"""Keys whose strings come whole; all other strings come in pieces."""


class _Pieces(list[str]):
    """A string that is still coming: joining it anew for each piece would take quadratic time."""


class ChatChunks:
    """Gathers the chunks of a streamed chat completion."""

    def __init__(self, *, hide_usage: bool) -> None:
        self._hide_usage = hide_usage
        self._texts: dict[int, StringIO] = {}
        self._choices: dict[int, dict[str, Any]] = {}
        self._about: dict[str, Any] = {}
        self.started = False

    def add(self, chunk: Any) -> bool:
        """Gather *chunk*; False for the usage chunk that only we asked for."""
        # By the models' dicts: their attributes take three times as long (benchmarks/wrappers.py).
        fields = chunk.__dict__
        choices = fields["choices"]
        if self._hide_usage:
            if fields.get("usage") is None:
                # The null is there because we asked: `to_json()` would show it.
                chunk.__pydantic_fields_set__.discard("usage")
            elif not choices:
                self._about.update(_without_choices(chunk))
                return False
        if self.started and len(choices) == 1 and self._is_text(choices[0]):
            return True
        if not choices or not self._about or choices[0].finish_reason is not None:
            self._about.update(_without_choices(chunk))
        for choice in choices:
            self._add_choice(choice)
        return True

    def _is_text(self, choice: Any) -> bool:
        """Take the text of a *choice* that brings nothing else; False if it is not one."""
        fields = choice.__dict__
        delta = fields["delta"]
        text = delta.__dict__.get("content")
        if (
            text is None
            or len(delta.__pydantic_fields_set__) != 1
            or fields["finish_reason"] is not None
            or fields["logprobs"] is not None
            or choice.__pydantic_extra__
            or delta.__pydantic_extra__
        ):
            return False
        texts = self._texts.get(fields["index"])
        if texts is None:
            return False
        texts.write(text)
        return True

    def _add_choice(self, choice: Any) -> None:
        plain = choice.model_dump(exclude_none=True, warnings=False)
        piece = plain.pop("delta", {})
        text = piece.pop("content", None)
        if text is not None:
            self._texts.setdefault(choice.index, StringIO()).write(text)
        self.started = self.started or bool(text) or any(piece.keys() - {"role", "refusal"})
        whole = self._whole(choice.index)
        _join(whole["message"], piece)
        _join_logprobs(whole, plain.pop("logprobs", None))
        whole.update(plain)

    def _whole(self, index: int) -> dict[str, Any]:
        return self._choices.setdefault(index, {"index": index, "message": {}})

    def record(self, span: ActiveSpan) -> None:
        """Record one chat completion with the pieces joined."""
        for index, texts in self._texts.items():
            self._whole(index)["message"]["content"] = texts.getvalue()
        choices = [_settled(self._choices[index]) for index in sorted(self._choices)]
        record_outcome(span, {**self._about, "object": "chat.completion", "choices": choices})


class CompletionChunks:
    """Gathers the chunks of a streamed text completion."""

    def __init__(self, *, hide_usage: bool) -> None:
        self._hide_usage = hide_usage
        self._texts: dict[int, list[str]] = {}
        self._reasons: dict[int, str] = {}
        self._about: dict[str, Any] = {}
        self.started = False

    def add(self, chunk: Any) -> bool:
        """Gather *chunk*; False for the usage chunk that only we asked for."""
        if not chunk.choices or not self._about:
            self._about.update(_without_choices(chunk))
        if self._hide_usage:
            if chunk.usage is None:
                chunk.__pydantic_fields_set__.discard("usage")
            elif not chunk.choices:
                return False
        for choice in chunk.choices:
            self._texts.setdefault(choice.index, []).append(choice.text or "")
            self.started = self.started or bool(choice.text)
            if choice.finish_reason is not None:
                self._reasons[choice.index] = choice.finish_reason
        return True

    def record(self, span: ActiveSpan) -> None:
        """Record one completion with the pieces joined."""
        choices = [
            {"index": index, "text": "".join(texts), "finish_reason": self._reasons.get(index)}
            for index, texts in sorted(self._texts.items())
        ]
        record_outcome(span, {**self._about, "choices": choices})


def _without_choices(chunk: Any) -> dict[str, Any]:
    dumped: dict[str, Any] = chunk.model_dump(
        exclude={"choices"}, exclude_none=True, warnings=False
    )
    dumped.pop("obfuscation", None)  # padding against the guessing of lengths
    return dumped


def _join(whole: dict[str, Any], piece: dict[str, Any]) -> None:
    """Add *piece* of a message to *whole*: text is appended, tool calls go by their index."""
    for key, value in piece.items():
        if isinstance(value, str) and key not in _WHOLE:
            whole.setdefault(key, _Pieces()).append(value)
        elif isinstance(value, list):
            _join_list(whole.setdefault(key, []), value)
        elif isinstance(value, dict):
            _join(whole.setdefault(key, {}), value)
        else:
            whole[key] = value


def _join_list(whole: list[Any], pieces: list[Any]) -> None:
    for piece in pieces:
        index = piece.get("index") if isinstance(piece, dict) else None
        same = [item for item in whole if index is not None and item.get("index") == index]
        if same:
            _join(same[0], piece)
        elif isinstance(piece, dict):
            fresh: dict[str, Any] = {}
            _join(fresh, piece)
            whole.append(fresh)
        else:
            whole.append(piece)


def _join_logprobs(whole: dict[str, Any], logprobs: dict[str, Any] | None) -> None:
    if logprobs:
        into = whole.setdefault("logprobs", {})
        for key, tokens in logprobs.items():
            into.setdefault(key, []).extend(tokens)


def _settled(value: Any) -> Any:
    """Return *value* with its pieces joined."""
    if isinstance(value, _Pieces):
        return "".join(value)
    if isinstance(value, dict):
        return {key: _settled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_settled(item) for item in value]
    return value
