"""What is done to a finished span before it leaves the process: hide, move media out, mask.

It runs on the worker's thread, so a traced call does not wait for it. It fails closed: when a
rule or a function of the user raises, a note is recorded in place of what it was for.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from evalhub.model import Attachment, Span, SpanEvent, SpanScore
from evalhub.tracing.attachments import extract
from evalhub.tracing.encode import DEFAULT_LIMIT, decode, encode
from evalhub.tracing.mask import Masker
from evalhub.tracing.rules import Rule

__all__ = ["Hide", "Redactor"]

Hide = bool | Callable[[Any], Any]
"""True hides a payload whole; a function returns what to record in place of what it is given."""

Report = Callable[[str, BaseException | None], None]
_TEXT_TYPES = ("text/", "application/json", "application/xml")
_MAX_KNOWN_TEXTS = 10_000


def _say_nothing(problem: str, error: BaseException | None) -> None:
    """Report nothing."""


class Redactor:
    """Hides and masks what spans and scores hold. Its methods never raise an Exception."""

    def __init__(
        self,
        rules: Iterable[Rule] = (),
        *,
        hide_inputs: Hide = False,
        hide_outputs: Hide = False,
        hide_metadata: Hide = False,
        limit: int = DEFAULT_LIMIT,
    ) -> None:
        """Compile *rules*.

        Raises:
            ConfigError: a rule cannot be used.
        """
        rules = tuple(rules)
        self._mask = Masker(rules) if rules else None
        self._hide = {
            name: hide
            for name, hide in (
                ("inputs", hide_inputs),
                ("outputs", hide_outputs),
                ("attributes", hide_metadata),
            )
            if hide
        }
        self._limit = limit
        self.report: Report = _say_nothing
        """Told, once, of a rule that raised."""
        self._known: dict[str, str] = {}

    def apply(self, span: Span) -> Span:
        """Return *span* as it may be recorded; the same object when nothing changed."""
        try:
            if self._hide:
                span = self._hidden(span)
            span = extract(span, self._limit)
            return span if self._mask is None else self._masked(span, self._mask)
        except Exception as error:  # noqa: BLE001 - a redaction must not leak, whatever is raised
            return _withheld(span, self._failed("redaction", error))

    def apply_score(self, score: SpanScore) -> SpanScore:
        """Return *score* with its texts masked."""
        mask = self._mask
        if mask is None:
            return score
        explanation = score.explanation
        return replace(
            score,
            name=self._short(score.name, mask),
            label=score.label and self._short(score.label, mask),
            explanation=explanation and self._text("explanation", explanation, mask),
        )

    def metadata(self, metadata: dict[str, Any]) -> dict[str, Any]:
        """Return *metadata* as it may go to another process; empty where it must not."""
        hide = self._hide.get("attributes")
        if hide is True or not metadata:
            return {}
        payload = encode(metadata, self._limit)
        if hide is not None:
            payload = self._hidden_payload("hide_metadata", hide, payload)
        if self._mask is not None:
            payload = self._payload(payload, self._mask)
        shown = decode(payload)
        return shown if isinstance(shown, dict) and "not_recorded" not in shown else {}

    def text(self, text: str) -> str:
        """Return a tag or an id as it may go to another process."""
        return text if self._mask is None else self._short(text, self._mask)

    def _hidden(self, span: Span) -> Span:
        changes: dict[str, Any] = {}
        for name, hide in self._hide.items():
            payload = getattr(span, name)
            if payload is not None:
                changes[name] = self._hidden_payload(f"hide_{_SETTINGS[name]}", hide, payload)
        if any(hide is True for hide in self._hide.values()):
            # Events of a model call repeat its messages.
            changes["events"] = tuple(SpanEvent(x.name, x.time_ns) for x in span.events)
        if self._hide.get("inputs") is True or self._hide.get("outputs") is True:
            changes["attachments"] = ()
        return replace(span, **changes)

    def _hidden_payload(self, setting: str, hide: Hide, payload: bytes) -> bytes:
        if not callable(hide):
            return _note(f"{setting} is on")
        try:
            return encode(hide(decode(payload)), self._limit)
        except Exception as error:  # noqa: BLE001 - the user's function may raise anything
            return _note(self._failed(setting, error))

    def _masked(self, span: Span, mask: Masker) -> Span:
        changes: dict[str, Any] = {
            "name": self._short(span.name, mask),
            "inputs": span.inputs and self._payload(span.inputs, mask),
            "outputs": span.outputs and self._payload(span.outputs, mask),
            "attributes": span.attributes and self._payload(span.attributes, mask),
            "error": span.error and self._text("error", span.error, mask),
            "session_id": span.session_id and self._short(span.session_id, mask),
            "user_id": span.user_id and self._short(span.user_id, mask),
            "tags": tuple(self._short(tag, mask) for tag in span.tags),
            "events": tuple(self._event(event, mask) for event in span.events),
            "attachments": tuple(self._attachment(x, mask) for x in span.attachments),
        }
        if all(getattr(span, name) == value for name, value in changes.items()):
            return span
        return replace(span, **changes)

    def _payload(self, payload: bytes, mask: Masker) -> bytes:
        try:
            return mask.payload(payload)
        except Exception as error:  # noqa: BLE001 - a rule's own function may raise anything
            return _note(self._failed("a mask rule", error))

    def _text(self, label: str, text: str, mask: Masker) -> str:
        try:
            return mask.labelled(label, text)
        except Exception as error:  # noqa: BLE001 - a rule's own function may raise anything
            return f"[not recorded: {self._failed('a mask rule', error)}]"

    def _short(self, text: str, mask: Masker) -> str:
        """Return a name, a tag or an id masked; remembered, as they repeat."""
        try:
            return self._known[text]
        except KeyError:
            masked = self._text_by_rules(text, mask)
        if len(self._known) >= _MAX_KNOWN_TEXTS:
            self._known.clear()
        if len(text) < 200:
            self._known[text] = masked
        return masked

    def _text_by_rules(self, text: str, mask: Masker) -> str:
        try:
            return mask.text(text)
        except Exception as error:  # noqa: BLE001 - a rule's replacement may raise anything
            return f"[not recorded: {self._failed('a mask rule', error)}]"

    def _event(self, event: SpanEvent, mask: Masker) -> SpanEvent:
        payload = event.attributes and self._payload(event.attributes, mask)
        return SpanEvent(self._short(event.name, mask), event.time_ns, payload)

    def _attachment(self, attachment: Attachment, mask: Masker) -> Attachment:
        name, data = self._short(attachment.name, mask), attachment.data
        if attachment.mime_type.startswith(_TEXT_TYPES):
            text = data.decode("utf-8", "surrogateescape")
            masked = self._text_by_rules(text, mask)
            data = data if masked == text else masked.encode("utf-8", "surrogateescape")
        return Attachment(name, attachment.mime_type, data)

    def _failed(self, what: str, error: Exception) -> str:
        """Report that *what* raised, without what it said: that may quote the secret."""
        note = f"{what} raised {type(error).__name__}"
        self.report(f"{note}; the payload is not recorded", None)
        return note


_SETTINGS = {"inputs": "inputs", "outputs": "outputs", "attributes": "metadata"}


def _note(reason: str) -> bytes:
    return encode({"not_recorded": reason})


def _withheld(span: Span, reason: str) -> Span:
    """Return *span* without anything that the program put into it."""
    note = _note(reason)
    return replace(
        span,
        name="[not recorded]",
        session_id=None,
        user_id=None,
        tags=(),
        inputs=span.inputs and note,
        outputs=span.outputs and note,
        attributes=span.attributes and note,
        error=span.error and f"[not recorded: {reason}]",
        events=(),
        attachments=(),
    )
