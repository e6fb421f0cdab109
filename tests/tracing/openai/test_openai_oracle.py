"""``wrap_openai`` against the installed langsmith SDK's: the same calls give the same records."""

# The programs run with either SDK, whose types differ.
# mypy: disallow-untyped-calls=False

import json
import warnings
from collections.abc import Callable
from typing import Any

import langsmith
import openai
import pytest

from evalhub.tracing import wrap_openai
from evalhub.tracing.testing import Recorder
from evalhub.tracing.usage import to_usage

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the package's own names
    from langsmith.wrappers import wrap_openai as langsmith_wrap

MESSAGES: Any = [{"role": "user", "content": "hi"}]


class CollectingClient(langsmith.Client):
    """A langsmith client that keeps what it would send (a fake: nothing leaves)."""

    def __init__(self) -> None:
        super().__init__(
            api_url="http://127.0.0.1:9", api_key="none", auto_batch_tracing=False, info={}
        )
        self.run: dict[str, Any] = {}

    def create_run(self, name: str, inputs: Any, run_type: str, **kwargs: Any) -> None:
        """Keep the start of a run."""
        self.run.update(name=name, inputs=inputs, run_type=run_type, **kwargs)

    def update_run(self, run_id: Any, **kwargs: Any) -> None:
        """Keep the end of a run."""
        self.run.update({key: value for key, value in kwargs.items() if value is not None})


def _chat(client: Any, **options: Any) -> Any:
    return client.chat.completions.create(model="gpt-x", messages=MESSAGES, **options)


CALLS: dict[str, Callable[[Any], Any]] = {
    "chat": _chat,
    "chat with parameters": lambda c: _chat(
        c, temperature=0.5, max_tokens=9, stop=["x"], seed=1, metadata={"k": "v"}
    ),
    "chat with one stop": lambda c: _chat(c, stop="x", top_p=0.5, user="u"),
    "chat stream": lambda c: list(
        _chat(c, stream=True, stream_options={"include_usage": True}, temperature=0)
    ),
    "chat raw": lambda c: c.chat.completions.with_raw_response.create(
        model="gpt-x", messages=MESSAGES
    ),
    "chat parse": lambda c: c.chat.completions.parse(model="gpt-x", messages=MESSAGES),
    "completions": lambda c: c.completions.create(model="gpt-x", prompt="hi"),
    "responses": lambda c: c.responses.create(model="gpt-x", input="hi", max_output_tokens=9),
    "responses stream": lambda c: list(c.responses.create(model="gpt-x", input="hi", stream=True)),
    "responses parse": lambda c: c.responses.parse(model="gpt-x", input="hi"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_same_as_langsmith(recorder: Recorder, fake: Any, call: Callable[[Any], Any]) -> None:
    """Name, kind, inputs, outputs, metadata and tokens are those that LangSmith records.

    On purpose we keep the API's ``usage`` in the outputs, where LangSmith renames it; our
    ``ls_invocation_params`` have all parameters, LangSmith's a selection; and headers, which
    the raw views add, are not recorded.
    """
    client = CollectingClient()
    # Not by LANGSMITH_TRACING, which langsmith reads once: another test may have made it do so.
    with langsmith.tracing_context(enabled=True):
        call(langsmith_wrap(_client(fake), tracing_extra={"client": client}))
    call(wrap_openai(_client(fake)))
    theirs, (span,) = client.run, recorder.spans
    assert (span.name, span.kind) == (theirs["name"], theirs["run_type"])
    inputs = _plain(theirs["inputs"])
    inputs.pop("extra_headers", None)
    assert _plain(json.loads(span.inputs or b"")) == inputs
    outputs = _plain(theirs["outputs"])
    counts = outputs.pop("usage_metadata", None) or outputs.pop("usage", None)
    ours = _plain(json.loads(span.outputs or b""))
    ours.pop("usage")
    assert _without_marks(ours) == _without_marks(outputs)
    assert span.usage == to_usage(counts, tier=outputs.get("service_tier"))
    said = json.loads(span.attributes or b"{}")
    for key, value in theirs["extra"]["metadata"].items():
        if key == "ls_invocation_params":
            given = {name: item for name, item in value.items() if name != "use_responses_api"}
            assert given.items() <= said[key].items()
        elif key.startswith("ls_") and key not in {"ls_method", "ls_agent_type"} and value:
            assert said[key] == value


def _client(fake: Any) -> openai.OpenAI:
    client: openai.OpenAI = fake.keep(openai.OpenAI(api_key="k", base_url=fake.url, max_retries=0))
    return client


def _plain(value: Any) -> Any:
    """Return *value* as JSON without nulls."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _without_marks(outputs: dict[str, Any]) -> dict[str, Any]:
    """Leave out what says that the answer came as a stream."""
    return {key: value for key, value in outputs.items() if key != "object"}
