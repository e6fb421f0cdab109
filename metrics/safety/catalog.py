"""The metrics of this room, by name."""

from collections.abc import Mapping

from evalhub.metrics.entry import Entry

__all__ = ["CATALOG"]

_OUTPUTS = ("outputs",)

CATALOG: Mapping[str, Entry] = {
    "moderation": Entry(
        "evalhub.metrics.safety.moderation:Moderation",
        _OUTPUTS,
        "1 where a moderation endpoint finds nothing, with the highest risk beside it",
        "OpenAI moderation API",
        modules=("openai",),
        extra="openai",
    ),
    "pii": Entry(
        "evalhub.metrics.safety.pii:Pii",
        _OUTPUTS,
        "1 where the output holds no credential, e-mail address or card number",
    ),
    "word_list": Entry(
        "evalhub.metrics.safety.word_list:WordList",
        _OUTPUTS,
        "1 where the output holds none of the phrases in a file",
        paths=("file",),
    ),
}
