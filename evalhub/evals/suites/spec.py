"""What all parts of a suite file share."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = ["Name", "Spec", "Text"]

Text = Annotated[str, Field(min_length=1)]
"""A text that is not empty."""

_UNSEEN = frozenset({"Cc", "Zl", "Zp"})
"""Categories of what ends a line, or is not to be seen."""


def _is_name(value: str) -> str:
    if not value.strip():
        raise ValueError(f"the name {value!r} is blank; give one that can be read")
    if any(unicodedata.category(char) in _UNSEEN for char in value):
        raise ValueError(f"the name {value!r} has more than one line; write it in one")
    if "${" in value:
        raise ValueError(f"the name {value!r} is a key, and variables are put into values only")
    return value


Name = Annotated[str, AfterValidator(_is_name)]
"""What tables, reports and files call something: one line that can be read."""


class Spec(BaseModel):
    """A part of a suite file: unknown keys and wrong types are refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True
    )
