"""``wrap_openai`` with the real client against the embedded model."""

import openai
import pytest

from evalhub.tracing import wrap_openai
from evalhub.tracing.testing import Recorder


@pytest.mark.model
@pytest.mark.parametrize("stream", [False, True])
def test_real_model(recorder: Recorder, local_llm: str, stream: bool) -> None:
    """Tokens, model, host and first token of a real answer are recorded."""
    client = wrap_openai(openai.OpenAI(base_url=local_llm, api_key="none"))
    answer = client.chat.completions.create(
        model="local",
        messages=[{"role": "user", "content": "Say hello."}],
        max_tokens=8,
        temperature=0,
        stream=stream,
    )
    if isinstance(answer, openai.Stream):
        assert all(chunk.choices for chunk in answer)
    span = recorder.span("ChatOpenAI")
    assert (span.status, span.provider) == ("ok", "127.0.0.1")
    assert span.usage is not None
    assert (span.usage.input_tokens or 0) > 0
    assert 0 < (span.usage.output_tokens or 0) <= 8
    assert (span.first_token_ns is not None) is stream
