"""Two summarisers that need no model."""


def first_sentence(text: str) -> str:
    """Return the first sentence of *text*."""
    return text.partition(". ")[0] + "."


def two_sentences(text: str) -> str:
    """Return the first two sentences of *text*."""
    first, _, rest = text.partition(". ")
    return f"{first}. {first_sentence(rest)}"
