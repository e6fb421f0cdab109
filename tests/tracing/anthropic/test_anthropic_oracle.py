"""``wrap_anthropic`` against langsmith's: the same calls give the same records.

Where we differ on purpose the comparison says so. The API is a fake; see ``conftest.py``.
"""

# langsmith's wrapper and its client are not typed as it uses them.
# mypy: warn-return-any=False

import contextlib
import json
import warnings
from collections.abc import Callable
from typing import Any

import anthropic
import langsmith
import pydantic
import pytest

from evalhub.model import Span, Usage
from evalhub.tracing.testing import Recorder

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # langsmith warns of a module of its own
    from langsmith.wrappers import wrap_anthropic as wrap_by_langsmith

ASKED: Any = {"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}


class Colour(pydantic.BaseModel):
    """What the model is asked to say."""

    colour: str


class CollectingClient(langsmith.Client):
    """A langsmith client that keeps what it would send (a fake: nothing leaves)."""

    def __init__(self) -> None:
        super().__init__(
            api_url="http://127.0.0.1:9", api_key="none", auto_batch_tracing=False, info={}
        )
        self.collected: dict[str, dict[str, Any]] = {}

    def create_run(self, name: str, inputs: Any, run_type: str, **kwargs: Any) -> None:
        """Keep the start of a run."""
        run = {"name": name, "inputs": inputs, "run_type": run_type, **kwargs}
        self.collected.setdefault(str(kwargs["id"]), {}).update(run)

    def update_run(self, run_id: Any, **kwargs: Any) -> None:
        """Keep the end of a run."""
        given = {key: value for key, value in kwargs.items() if value is not None}
        self.collected.setdefault(str(run_id), {}).update(given)


def plain(client: Any) -> None:
    """Ask for text."""
    client.messages.create(model="plain", **ASKED)


def with_system(client: Any) -> None:
    """Ask with a system prompt and every parameter that has a name in the metadata."""
    client.messages.create(
        model="plain",
        system="be brief",
        service_tier="auto",
        tool_choice={"type": "auto"},
        thinking={"type": "adaptive"},
        **ASKED,
    )


def with_blocks(client: Any) -> None:
    """Ask in blocks, with the system prompt in blocks too."""
    blocks = [{"type": "text", "text": "hi"}]
    client.messages.create(
        model="plain",
        max_tokens=5,
        system=blocks,
        messages=[{"role": "user", "content": blocks}, {"role": "assistant", "content": "so"}],
    )


def with_nothing_given(client: Any) -> None:
    """Say that some parameters are not given."""
    client.messages.create(model="plain", system=anthropic.omit, metadata=anthropic.omit, **ASKED)


def with_tools(client: Any) -> None:
    """Let the model call a tool."""
    tool = {"name": "add", "input_schema": {"type": "object", "properties": {}}}
    client.messages.create(model="tools", tools=[tool], **ASKED)


def beta(client: Any) -> None:
    """Ask the beta, with a server that has a key."""
    server = {"type": "url", "name": "s", "url": "http://mcp", "authorization_token": "t"}
    client.beta.messages.create(model="plain", mcp_servers=[server], **ASKED)


def beta_parse(client: Any) -> None:
    """Have the answer parsed."""
    client.beta.messages.parse(
        model="json", output_config={"format": {"type": "json_schema", "schema": {}}}, **ASKED
    )


def raw(client: Any) -> None:
    """Ask for the raw answer."""
    client.messages.with_raw_response.create(model="plain", **ASKED)


def by_text(client: Any) -> None:
    """Read a helper's text."""
    with client.messages.stream(model="plain", **ASKED) as stream:
        assert "".join(stream.text_stream) == "Hello there."


def refused(client: Any) -> None:
    """Be refused."""
    with contextlib.suppress(anthropic.RateLimitError):
        client.messages.create(model="refused", **ASKED)


CASES = [
    plain,
    with_system,
    with_blocks,
    with_nothing_given,
    with_tools,
    beta,
    beta_parse,
    raw,
    by_text,
    refused,
]


@pytest.mark.parametrize("case", CASES)
def test_the_records_are_equal(
    case: Callable[[Any], None],
    client: anthropic.Anthropic,
    bare: anthropic.Anthropic,
    recorder: Recorder,
) -> None:
    """Name, kind, inputs, outputs, tokens, metadata and error are LangSmith's."""
    case(client)
    (ours,) = recorder.spans
    collector = CollectingClient()
    # Not by LANGSMITH_TRACING, which langsmith reads once: another test may have made it do so.
    with langsmith.tracing_context(enabled=True):
        case(wrap_by_langsmith(bare, tracing_extra={"client": collector}))
    (theirs,) = collector.collected.values()
    assert (ours.name, ours.kind) == (theirs["name"], theirs["run_type"])
    assert json.loads(ours.inputs or b"{}") == _their_inputs(theirs)
    assert _outputs(ours) == _their_outputs(theirs)
    assert _tokens(ours.usage) == _their_tokens(theirs)
    assert (ours.error or "").split("\n")[0] == (theirs.get("error") or "").split("\n")[0]
    metadata = theirs["extra"]["metadata"]
    expected = {key: value for key, value in metadata.items() if _is_said_by_the_call(key)}
    assert json.loads(ours.attributes or b"{}") | expected == json.loads(ours.attributes or b"{}")


def _is_said_by_the_call(key: str) -> bool:
    # `ls_method` and the environment's variables are langsmith's own; the tokens are in `usage`.
    return key.startswith("ls_") and key not in {"ls_method", "ls_run_depth"}


def _without_nothing(value: Any) -> Any:
    """Drop what is None: langsmith dumps every field that a class has, we what the API sent."""
    if isinstance(value, dict):
        return {key: _without_nothing(item) for key, item in value.items() if item is not None}
    return [_without_nothing(item) for item in value] if isinstance(value, list) else value


def _their_inputs(run: dict[str, Any]) -> Any:
    inputs = _without_nothing(run["inputs"])
    inputs.pop("extra_headers", None)  # headers may hold keys: not recorded by us
    return inputs


def _outputs(span: Span) -> Any:
    outputs = _without_nothing(json.loads(span.outputs or b"{}"))
    for key in ("type", "usage"):  # they drop the one and rename the other
        outputs.pop(key, None)
    if "tool_calls" in outputs:
        # They put the text in place of the blocks, and lose what the model was thinking.
        texts = [block["text"] for block in outputs["content"] if block["type"] == "text"]
        outputs["content"] = "".join(texts)
    return outputs


def _their_outputs(run: dict[str, Any]) -> Any:
    outputs = _without_nothing(dict(run.get("outputs") or {}))
    outputs.pop("usage_metadata", None)
    outputs.pop("output", None)  # the pieces of a text stream, beside the message; None on errors
    return outputs


def _tokens(usage: Usage | None) -> tuple[int | None, ...] | None:
    if usage is None:
        return None
    return (
        usage.input_tokens,
        usage.output_tokens,
        usage.total_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
    )


def _their_tokens(run: dict[str, Any]) -> tuple[int | None, ...] | None:
    usage = (run.get("outputs") or {}).get("usage_metadata")
    if usage is None:
        return None
    details = usage["input_token_details"]
    totals = (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"])
    return (*totals, details["cache_read"], details["cache_creation"])
