r"""Rules of what must not be recorded: by the name of a key, or by a pattern in any text.

A rule's expressions see every string of a payload after decoding, and also text that holds
more JSON, a cut payload's start, tracebacks and headers; there, line breaks may be
the two characters ``\n``. None of the ready expressions backtracks without bound.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from evalhub.errors import ConfigError

__all__ = ["MASKED", "READY", "KeyRule", "Mask", "Rule", "TextRule", "parse_mask"]

MASKED = "[masked]"
"""What stands in place of a value unless its rule says otherwise."""


@dataclass(frozen=True, slots=True)
class TextRule:
    """Replace what a regular expression matches, in every string wherever it stands."""

    pattern: str | re.Pattern[str]
    replacement: str | Callable[[re.Match[str]], str] = MASKED
    """As for :func:`re.sub`."""
    literals: tuple[str, ...] = ()
    """Every match holds one of these, in any case; text without them is passed over quickly."""
    in_run: bool = False
    """Each match holds, with its literal, 14 letters, digits, ``_``, ``.`` or ``-`` in a row."""


@dataclass(frozen=True, slots=True)
class KeyRule:
    """Replace the values of keys with these names, in any case, however deep.

    ``api_key`` also means ``apiKey``, ``API-Key``, ``OPENAI_API_KEY`` and ``api_keys``. In text,
    what follows the name and a colon or an equals sign is replaced. None, booleans and
    empty strings stay, for they tell nothing.
    """

    names: tuple[str, ...]
    replacement: str = MASKED
    at_least: int = 0
    """Leave strings shorter than this, and whatever is no string."""
    to_line_end: bool = False
    """In text, replace the rest of the line, as for a header."""


Rule = TextRule | KeyRule | Callable[[Any], Any]
"""A callable is given each decoded payload and returns what to record in its place."""

_START = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrtbf]))"
_TOKENS = {
    "sk-": r"[\w-]{20,}",  # OpenAI, Anthropic, OpenRouter, DeepSeek, Langfuse
    "sk_live_": r"\w{10,}",
    "sk_test_": r"\w{10,}",
    "rk_live_": r"\w{10,}",
    "rk_test_": r"\w{10,}",
    "whsec_": r"[\w+/=]{20,}",
    "lsv2_": r"\w{20,}",  # LangSmith
    "ls__": r"\w{16,}",
    "gsk_": r"\w{20,}",  # Groq
    "xai-": r"\w{20,}",
    "pplx-": r"\w{20,}",
    "nvapi-": r"[\w-]{20,}",
    "tvly-": r"[\w-]{16,}",
    "tgp_v1_": r"[\w-]{20,}",
    "pcsk_": r"\w{20,}",
    "hf_": r"[A-Za-z0-9]{20,}",
    "r8_": r"[A-Za-z0-9]{20,}",
    "dapi": r"[0-9a-f]{32}",
    "AIza": r"[\w-]{30,}",  # Google
    "ya29.": r"[\w.-]{20,}",
    "GOCSPX-": r"[\w-]{20,}",
    "AKIA": r"[A-Z0-9]{16}",
    "ASIA": r"[A-Z0-9]{16}",
    "ghp_": r"\w{20,}",
    "gho_": r"\w{20,}",
    "ghu_": r"\w{20,}",
    "ghs_": r"\w{20,}",
    "ghr_": r"\w{20,}",
    "github_pat_": r"\w{20,}",
    "glpat-": r"[\w-]{16,}",
    "xoxb-": r"[\w-]{10,}",
    "xoxa-": r"[\w-]{10,}",
    "xoxp-": r"[\w-]{10,}",
    "xoxr-": r"[\w-]{10,}",
    "xoxs-": r"[\w-]{10,}",
    "xapp-": r"[\w-]{10,}",
    "SG.": r"[\w-]{16,}\.[\w-]{16,}",
    "npm_": r"[A-Za-z0-9]{30,}",
    "pypi-": r"[\w-]{30,}",
    "dop_v1_": r"[0-9a-f]{32,}",
    "shpat_": r"[0-9a-f]{20,}",
}
"""How the keys of well-known services begin, and how they go on."""


def _token_pattern() -> str:
    # A key that was cut with an ellipsis is shorter than its shape says. Bounded and possessive:
    # a long text made of such beginnings would be read to its end from each of them.
    cut = r"[\w-]{1,40}+\.\.\."
    kinds = (f"{re.escape(start)}(?:{rest}|{cut})" for start, rest in _TOKENS.items())
    return f"{_START}(?:{'|'.join(kinds)})"


_SECRETS: tuple[TextRule, ...] = (
    TextRule(_token_pattern(), "[masked api key]", tuple(_TOKENS), in_run=True),
    TextRule(
        # In ASCII: a letter that may stand before a token must not be part of one.
        r"(?a:(?<![\w-])|(?<=\\[nrt]))(?a:eyJ[\w-]{8,}\.[\w.-]*)",
        "[masked token]",
        ("eyJ",),
        in_run=True,
    ),
    TextRule(
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"(?s:.*?)(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)",
        "[masked private key]",
        ("PRIVATE KEY",),
    ),
    TextRule(
        r"([Bb](?i:earer)[ \t]{1,8})(?=[\w.~+/=-]{16}|[A-Za-z_.~+/=-]{0,16}[0-9])[\w.~+/=-]{6,}",
        r"\1[masked token]",
        ("bearer",),
    ),
    TextRule(
        r"(://[^\s/@:\"'<>\\]{0,128}:)[^\s/@\"'<>\\]{1,512}(?=@)",
        rf"\1{MASKED}",
        ("://",),
    ),
)
_EMAILS = TextRule(
    r"(?<![\w.%+'-])[\w.%+'-]++@(?:[\w-]++\.)+[^\W\d_]{2,}", "[masked email]", ("@",)
)


def _mask_card(match: re.Match[str]) -> str:
    digits = [int(digit) for digit in match[0] if digit.isdigit()]
    doubled = (digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2])
    is_card = (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
    return "[masked card number]" if is_card else match[0]


_CARDS = TextRule(r"(?<![\w.])[2-6](?:[ -]?[0-9]){13,18}(?![\w.]?[0-9])", _mask_card)

_KEYS: tuple[KeyRule, ...] = (
    KeyRule(
        (
            *("password", "passwd", "passphrase", "pwd", "secret", "credential"),
            *("api key", "access key", "private key", "account key", "signing key"),
            *("encryption key", "shared key", "license key", "connection string"),
            *("access token", "refresh token", "id token", "auth token", "api token"),
            *("session token", "bearer token", "security token", "bot token"),
        )
    ),
    KeyRule(("authorization", "cookie"), to_line_end=True),
    KeyRule(("token",), at_least=16),  # the tokens of logprobs are shorter
)

READY: dict[str, tuple[Rule, ...]] = {
    "keys": _KEYS,
    "secrets": _SECRETS,
    "emails": (_EMAILS,),
    "cards": (_CARDS,),
}
"""Ready sets by name: names of keys, credentials by their shape, emails, payment cards."""
_DEFAULT = ("keys", "secrets", "emails")
_ON = frozenset({"1", "true", "yes", "on", "default"})
_OFF = frozenset({"", "0", "false", "no", "off"})

Mask = bool | str | Rule | Iterable[Rule | str]
"""What :func:`parse_mask` takes."""


def parse_mask(mask: Mask) -> tuple[Rule, ...]:
    """Return the rules that *mask* names.

    Args:
        mask: True for the ready sets ``keys``, ``secrets`` and ``emails``; False for none; names of
            ready sets with commas between them (``true,cards``); a rule; a function
            from payload to payload; or a list of any of these.

    Raises:
        ConfigError: a name or a rule is unknown.
    """
    if isinstance(mask, bool):
        return _named("default") if mask else ()
    if isinstance(mask, str):
        return tuple(rule for name in mask.split(",") for rule in _named(name.strip().lower()))
    if isinstance(mask, TextRule | KeyRule) or callable(mask):
        return (mask,)
    if isinstance(mask, Iterable):
        return tuple(rule for part in mask for rule in parse_mask(part))
    raise ConfigError(f"mask has a {type(mask).__name__}; use a TextRule, a KeyRule or a function")


def _named(name: str) -> tuple[Rule, ...]:
    if name in _ON:
        return tuple(rule for ready in _DEFAULT for rule in READY[ready])
    if name in _OFF:
        return ()
    if name not in READY:
        raise ConfigError(f"mask names {name!r}; use true, false or {', '.join(READY)}")
    return READY[name]
