"""Rules of masking, compiled: what each finds in a text, and whether it may find anything.

Looking for a few literals in the bytes of a payload costs a tenth of searching it
with the rules' expressions, and most payloads hold none of them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from evalhub.errors import ConfigError
from evalhub.tracing.rules import KeyRule, TextRule

__all__ = ["CompiledKeys", "CompiledText", "Needles", "Probe"]

_LOWER = bytes(range(256)).lower()
_SEPARATORS = b"-_. "
_WORD = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
_FLAT = bytes(0x61 if byte in _WORD else 0x20 for byte in range(256))
_RUN = b"a" * 14
"""The shortest key of a service has so many characters in a row that are no break."""


class Probe:
    """The bytes of a payload or text, in the forms in which needles are looked for."""

    __slots__ = ("hides_needles", "runs", "squeezed")

    def __init__(self, content: bytes) -> None:
        self.hides_needles = _hides_needles(content)
        self.squeezed = content.translate(_LOWER, _SEPARATORS)
        """In lower case, without what separates the words of a name."""
        self.runs = b" ".join(_long_runs(content)).lower()
        """Only the long runs without a break: a key is one of these, and prose has few."""


def _hides_needles(content: bytes) -> bool:
    """Say whether an escape of JSON may stand for a character of a needle."""
    return b"\\u" in content or b"\\/" in content


def _long_runs(content: bytes) -> Iterator[bytes]:
    flat = content.translate(_FLAT)
    start = flat.find(_RUN)
    while start >= 0:
        end = flat.find(b" ", start)
        yield content[start : end if end >= 0 else None]
        start = flat.find(_RUN, end) if end >= 0 else -1


class Needles:
    """Literals of many rules, looked for at once: most payloads hold none."""

    def __init__(self, rules: "Iterable[CompiledText | CompiledKeys]") -> None:
        rules = list(rules)
        squeezed = {needle for rule in rules if not rule.in_run for needle in rule.needles}
        self._are_known = all(rule.needles for rule in rules)
        self._have_runs = any(rule.in_run for rule in rules)
        expression = _any_of(re.escape(x.decode()) for x in _shortest(sorted(squeezed)))
        # At 150 bytes one search is twice as fast as looking for each of twenty.
        self._any = re.compile(expression.encode() or b"(?!)")

    def may_be_in(self, content: bytes) -> bool:
        """Say whether any rule may match; True when that is not known."""
        if not self._are_known or _hides_needles(content):
            return True
        if self._have_runs and _RUN in content.translate(_FLAT):
            return True
        return self._any.search(content.translate(_LOWER, _SEPARATORS)) is not None


class CompiledText:
    """A :class:`TextRule`, ready for use."""

    def __init__(self, rule: TextRule) -> None:
        try:
            self._pattern = re.compile(rule.pattern)
        except (re.error, TypeError) as error:
            raise ConfigError(
                f"mask: {rule.pattern!r} is not a regular expression ({error})"
            ) from error
        self._replacement = rule.replacement
        self.in_run = rule.in_run
        lowered = [x.lower().encode("utf-8", "replace") for x in rule.literals]
        needles = [x if rule.in_run else x.translate(None, _SEPARATORS) for x in lowered]
        findable = all(map(_is_plain, rule.literals)) and all(needles)
        self.needles = tuple(needles) if findable else ()
        """What one of must be there for a match; empty: that is not known."""

    def may_match(self, probe: Probe) -> bool:
        """Say whether the rule may match something there; True when that is not known."""
        return _may_hold(self.needles, probe, probe.runs if self.in_run else probe.squeezed)

    def mask(self, text: str) -> str:
        """Return *text* with what matches replaced."""
        return self._pattern.sub(self._replacement, text)


class CompiledKeys:
    """A :class:`KeyRule`, ready for use."""

    def __init__(self, rule: KeyRule) -> None:
        if isinstance(rule.names, str) or not all(isinstance(x, str) for x in rule.names):
            raise ConfigError(f"mask: KeyRule names {rule.names!r}; give a tuple of names of keys")
        names = [[word for word in re.split(r"[\s_.-]+", x.lower()) if word] for x in rule.names]
        if not names or not all(names):
            raise ConfigError(f"mask: KeyRule names {rule.names!r}; each name needs a letter")
        self.replacement = rule.replacement
        self._at_least = rule.at_least
        expression = _any_of("[-_. ]?".join(map(re.escape, words)) for words in names)
        self._name = re.compile(f"(?i:{expression}){_NAME_END}")
        self._place = re.compile(expression)
        self._assigned = re.compile(_assignment(f"(?i:{expression}){_NAME_END}", rule))
        joined = ["".join(words) for words in names]
        self.in_run = False
        findable = all(map(_is_plain, joined))
        self.needles = _shortest([name.encode() for name in joined]) if findable else ()

    def names(self, key: str) -> bool:
        """Say whether *key* is one of the names."""
        return self._name.search(key) is not None

    def hides(self, value: Any) -> bool:
        """Say whether *value*, below such a key, is replaced."""
        if self._at_least:
            return isinstance(value, str) and len(value) >= self._at_least
        if isinstance(value, dict):
            return not _is_schema(value)
        return value is not None and not isinstance(value, bool) and value != ""

    def may_match(self, probe: Probe) -> bool:
        """Say whether one of the names may stand there; True when that is not known."""
        return _may_hold(self.needles, probe, probe.squeezed)

    def mask(self, text: str) -> str:
        """Return *text* with the values replaced that follow a name and ``:`` or ``=``."""
        if ":" not in text and "=" not in text:
            return text
        lowered = text.lower()
        if len(lowered) != len(text):  # a letter whose lower case is two
            return self._assigned.sub(self._replace, text)
        parts, done = [], 0
        for place in self._place.finditer(lowered):
            match = self._assigned.match(text, place.start()) if place.start() >= done else None
            if match is not None:
                parts += [text[done : match.start()], self._replace(match)]
                done = match.end()
        return "".join([*parts, text[done:]]) if parts else text

    def _replace(self, match: re.Match[str]) -> str:
        quote = match["quote"] or ""
        closing = quote if quote and match[0].endswith(quote) else ""
        return f"{match['name']}{quote}{self.replacement}{closing}"


def _is_schema(value: dict[str, Any]) -> bool:
    """Say whether *value* only describes a value: a parameter of a tool, in JSON Schema."""
    return value.get("type") in _SCHEMA_TYPES and not _SCHEMA_VALUES & value.keys()


_SCHEMA_TYPES = ("string", "number", "integer", "object", "array", "boolean")
_SCHEMA_VALUES = frozenset({"const", "default", "enum", "example", "examples", "value"})

_NAME_END = r"s?(?:(?<=[a-z])(?![a-z])|(?<=[^a-z])(?![A-Za-z]))"
"""``secret`` is a name in ``clientSecretValue`` and ``SECRETS_1``, but not in ``secretary``."""
_NOTHING = r"(?!(?:null|None|true|false|True|False)\b|\[masked)"
_TO = r"\s{0,4}(?:=>|:=|[:=])\s{0,8}+b?"
_ANNOTATED_TO = r"(?>\s{0,4}:\s{0,4}[\w.\[\]|]{1,60}\s{0,4}=(?!=)\s{0,8}|" + _TO + ")"
"""A colon, an equals sign, or the equals sign after an annotation: ``key: str = "..."``."""


def _assignment(name: str, rule: KeyRule) -> str:
    r"""Return an expression for a name, what assigns to it, and the value.

    Quotes may be escaped any number of times, as in JSON within JSON; a value that is cut
    ends with the text.
    """
    length = max(rule.at_least, 1)
    to = _TO if rule.to_line_end else _ANNOTATED_TO
    plain = r"[^\s\"'&;,<>(){}\[\]\\]"
    bare = rf"(?:(?i:bearer|basic|token|digest)\ {{1,4}})?{plain}{{{length},}}|[{{\[(][^}}\])]*+"
    line = rf"[^\s\"'\\][^\r\n\\]{{{length - 1},}}"
    quoted = (
        rf"(?P<quote>\\*[\"'])(?!(?P=quote)){_NOTHING}(?s:.{{{length},}}?)(?:(?<!\\)(?P=quote)|\Z)"
    )
    return (
        rf"(?P<name>{name}[\w.\[\]-]{{0,40}}\\*[\"']?{to})"
        rf"(?:{quoted}|{_NOTHING}(?:{line if rule.to_line_end else bare}))"
    )


def _may_hold(needles: tuple[bytes, ...], probe: Probe, content: bytes) -> bool:
    if probe.hides_needles or not needles:
        return True
    return any(needle in content for needle in needles)


def _any_of(expressions: Iterable[str]) -> str:
    """Return an expression for any of *expressions*, grouped by their first character.

    Grouped, it is looked for where one of few characters stands.
    """
    groups: dict[str, list[str]] = {}
    for expression in sorted(expressions):
        first = expression[:2] if expression[0] == "\\" else expression[0]
        groups.setdefault(first, []).append(expression[len(first) :])
    return "|".join(f"{first}(?:{'|'.join(rests)})" for first, rests in groups.items())


def _is_plain(literal: str) -> bool:
    """Say whether JSON writes *literal* as it is."""
    return literal.isascii() and literal.isprintable() and not {'"', "\\"} & {*literal}


def _shortest(needles: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return *needles* without those that hold another."""
    return tuple(
        needle
        for needle in needles
        if not any(other in needle for other in needles if other != needle)
    )
