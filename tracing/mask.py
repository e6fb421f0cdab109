"""Mask JSON payloads and texts by rules, at little cost where nothing matches."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from evalhub.tracing.encode import decode, encode
from evalhub.tracing.matching import CompiledKeys, CompiledText, Needles, Probe
from evalhub.tracing.rules import MASKED, KeyRule, Rule, TextRule

__all__ = ["Masker"]

_NO_LIMIT = 2**62
_CUT = b'"truncated":"kept the first'
_LAST_WORD_CHARS = 4_096
"""A secret of at most so many characters, cut in half, does not leave its first half."""
_BREAK = re.compile(r"[\s,;\"'\\<>(){}\[\]]")
_LONG_NUMBER = 10**8
"""Integers from here on are looked at as text: they may be numbers of cards or telephones."""
_MAX_KNOWN_KEYS = 10_000

Compiled = CompiledText | CompiledKeys


class Masker:
    """Applies rules to JSON payloads, to texts and to decoded values.

    What a rule's own function raises goes to the caller.

    Raises:
        ConfigError: an expression cannot be compiled, or a rule names no key.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        rules = tuple(rules)
        keys = [CompiledKeys(rule) for rule in rules if isinstance(rule, KeyRule)]
        texts = [CompiledText(rule) for rule in rules if isinstance(rule, TextRule)]
        self._rules: Sequence[Compiled] = [*keys, *texts]
        self._needles = Needles(self._rules)
        self._names = _Names(keys)
        self._functions: list[Callable[[Any], Any]] = [
            rule for rule in rules if not isinstance(rule, TextRule | KeyRule)
        ]

    def payload(self, payload: bytes) -> bytes:
        """Return JSON *payload* with everything masked; the same object when nothing was."""
        active = self._active(payload)
        if not (active or self._functions or _CUT in payload):
            return payload
        value = decode(payload)
        for function in self._functions:
            value = function(value)
        masked = encode(_Walk(active, self._names).value(value), _NO_LIMIT)
        return payload if masked == payload else masked

    def text(self, text: str) -> str:
        """Return *text* with everything masked, by the rules that are no functions."""
        for rule in self._active(text.encode("utf-8", "replace")):
            text = rule.mask(text)
        return text

    def labelled(self, label: str, text: str) -> str:
        """Return *text* masked; the functions are given ``{label: text}``, a payload."""
        for function in self._functions:
            payload = function({label: text})
            text = payload[label] if isinstance(payload[label], str) else MASKED
        return self.text(text)

    def value(self, value: Any) -> Any:
        """Return decoded JSON with everything masked; *value* itself may be changed."""
        for function in self._functions:
            value = function(value)
        return _Walk(self._rules, self._names).value(value)

    def _active(self, content: bytes) -> list[Compiled]:
        if not self._needles.may_be_in(content):
            return []
        probe = Probe(content)
        return [rule for rule in self._rules if rule.may_match(probe)]


class _Names:
    """Which rule hides what is below a key; remembered, as keys repeat."""

    def __init__(self, rules: Sequence[CompiledKeys]) -> None:
        self._rules = rules
        self._known: dict[str, CompiledKeys | None] = {}

    def rule_of(self, key: str) -> CompiledKeys | None:
        """Return the first rule that names *key*."""
        try:
            return self._known[key]
        except KeyError:
            found = next((rule for rule in self._rules if rule.names(key)), None)
            if len(self._known) < _MAX_KNOWN_KEYS and len(key) < 100:
                self._known[key] = found
            return found


class _Walk:
    """One pass through a decoded payload."""

    def __init__(self, active: Sequence[Compiled], names: _Names) -> None:
        self._active = active
        self._names = names

    def value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return self._object(value)
        if isinstance(value, list):
            return self._array(value)
        if isinstance(value, int | float) and abs(value) >= _LONG_NUMBER:
            text = str(value)
            masked = self._text(text)
            return value if masked == text else masked
        return value

    def _text(self, text: str) -> str:
        for rule in self._active:
            text = rule.mask(text)
        return text

    def _object(self, items: dict[str, Any]) -> dict[str, Any]:
        if "truncated" in items and isinstance(items.get("start"), str):
            items["start"] = _without_last_word(items["start"])
        named = items.get("name", items.get("key"))  # {"name": "Cookie", "value": "..."}
        if isinstance(named, str) and "value" in items:
            items["value"] = self._below(named, items["value"])
        return {self._text(key): self._below(key, item) for key, item in items.items()}

    def _array(self, items: list[Any]) -> list[Any]:
        if len(items) == 2 and isinstance(items[0], str):  # a header as a pair
            return [self._text(items[0]), self._below(items[0], items[1])]
        return [self.value(item) for item in items]

    def _below(self, key: str, value: Any) -> Any:
        rule = self._names.rule_of(key)
        if rule is None or not rule.hides(value):
            return self.value(value)
        return rule.replacement


def _without_last_word(text: str) -> str:
    """Return *text* without what follows its last break: it may be half a secret."""
    tail = text[-_LAST_WORD_CHARS:]
    breaks = [match.end() for match in _BREAK.finditer(tail)]
    return text[: len(text) - len(tail) + (breaks[-1] if breaks else 0)]
