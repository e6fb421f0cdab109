"""What a model answered, without the reasoning that some put before it.

Reasoning models think aloud before they answer. Most endpoints keep that apart; others leave
it in the text, between tags. It weighs grades and verdicts that are not the answer's.
"""

import re

__all__ = ["without_reasoning"]

_NAME = r"(?:think|thinking|thought|reasoning|scratchpad)"
_OPEN = re.compile(rf"\s*[<\[]{_NAME}[>\]]", re.IGNORECASE)
_CLOSE = re.compile(rf"[<\[]/{_NAME}[>\]]", re.IGNORECASE)
_CHANNEL = re.compile(r"<\|channel\|>\s*final\s*<\|message\|>")
_STRUCTURED = ("{", "[", "```")


def without_reasoning(text: str) -> str:
    """Return *text* after its reasoning; nothing where the reasoning does not end.

    Reasoning stands at the beginning: a tag that the answer itself quotes is left alone. Where
    the chat template opened the tag, the text has the closing one only.
    """
    *_, text = _CHANNEL.split(text)
    while True:
        is_open = _OPEN.match(text) is not None
        end = _CLOSE.search(text)
        if not is_open and (end is None or text.lstrip().startswith(_STRUCTURED)):
            return text
        if end is None:
            return ""
        text = text[end.end() :]
