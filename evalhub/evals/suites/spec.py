"""What all parts of a suite file share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Spec", "Text"]

Text = Annotated[str, Field(min_length=1)]
"""A text that is not empty."""


class Spec(BaseModel):
    """A part of a suite file: unknown keys and wrong types are refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True
    )
