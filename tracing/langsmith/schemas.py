"""What ``langsmith.schemas`` has, as far as programs import it: plain records, without pydantic."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, TypedDict
from uuid import UUID

from evalhub.tracing.run_tree import RunTree

__all__ = [
    "SCORE_TYPE",
    "VALUE_TYPE",
    "Attachment",
    "Attachments",
    "DataType",
    "Dataset",
    "Example",
    "ExampleCreate",
    "ExtractedUsageMetadata",
    "Feedback",
    "FeedbackSourceBase",
    "FeedbackSourceType",
    "InputTokenDetails",
    "OutputTokenDetails",
    "Run",
    "RunBase",
    "RunEvent",
    "RunLikeDict",
    "RunTypeEnum",
    "TracerSession",
    "UsageMetadata",
]


class Attachment(NamedTuple):
    """Bytes that belong to a run; a parameter annotated so is attached, not recorded as input."""

    mime_type: str
    data: bytes | Path


Attachments = dict[str, tuple[str, bytes] | Attachment | tuple[str, Path]]

Run = RunBase = RunTree

SCORE_TYPE = bool | int | float | None
VALUE_TYPE = dict[str, Any] | str | bool | int | float | None


class RunLikeDict(TypedDict, total=False):
    """A run as a dict."""

    id: UUID | None
    trace_id: UUID
    parent_run_id: UUID | None
    dotted_order: str
    name: str
    run_type: str
    start_time: datetime
    end_time: datetime | None
    inputs: dict[str, Any] | None
    outputs: dict[str, Any] | None
    error: str | None
    events: list[dict[str, Any]] | None
    extra: dict[str, Any] | None
    tags: list[str] | None
    session_id: UUID | None
    session_name: str | None
    reference_example_id: UUID | None
    attachments: dict[str, Any]


class RunEvent(TypedDict, total=False):
    """Something that happened at one moment of a run."""

    name: str
    time: datetime | str
    kwargs: dict[str, Any] | None


class InputTokenDetails(TypedDict, total=False):
    """Parts of the input tokens."""

    audio: int
    cache_creation: int
    cache_read: int


class OutputTokenDetails(TypedDict, total=False):
    """Parts of the output tokens."""

    audio: int
    reasoning: int


class UsageMetadata(TypedDict, total=False):
    """Token counts of one model call."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_token_details: InputTokenDetails
    output_token_details: OutputTokenDetails
    input_cost: float
    output_cost: float
    total_cost: float


ExtractedUsageMetadata = UsageMetadata


class RunTypeEnum(StrEnum):
    """Kinds of runs."""

    tool = "tool"
    chain = "chain"
    llm = "llm"
    retriever = "retriever"
    embedding = "embedding"
    prompt = "prompt"
    parser = "parser"


class DataType(StrEnum):
    """Kinds of data sets."""

    kv = "kv"
    llm = "llm"
    chat = "chat"


class FeedbackSourceType(StrEnum):
    """Who says a feedback."""

    API = "api"
    MODEL = "model"


@dataclass
class Example:
    """One example of a data set."""

    id: UUID
    inputs: dict[str, Any] | None = None
    outputs: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    dataset_id: UUID | None = None
    attachments: dict[str, Any] | None = None


@dataclass
class ExampleCreate:
    """An example that is to be made."""

    id: UUID | None = None
    inputs: dict[str, Any] | None = None
    outputs: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    split: str | list[str] | None = None
    attachments: dict[str, Any] | None = None
    source_run_id: UUID | None = None


@dataclass
class TracerSession:
    """A project."""

    id: UUID
    name: str | None = None
    description: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    extra: dict[str, Any] | None = None
    reference_dataset_id: UUID | None = None


@dataclass
class FeedbackSourceBase:
    """Who says a feedback."""

    type: str
    metadata: dict[str, Any] | None = None


@dataclass
class Dataset:
    """A data set."""

    id: UUID
    name: str
    description: str | None = None
    data_type: DataType | None = DataType.kv
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass
class Feedback:
    """A score of a run, as ``create_feedback`` returns it."""

    id: UUID
    key: str
    run_id: Any = None
    trace_id: Any = None
    score: float | None = None
    value: Any = None
    comment: str | None = None
    created_at: datetime | None = None
    modified_at: datetime | None = None
