"""ChatOpenAI of langchain-openai over HTTP against the embedded model."""

import json

import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from evalhub.tracing.integrations.langchain import EvalhubCallbackHandler
from evalhub.tracing.testing import Recorder


@pytest.mark.model
def test_chat_openai(recorder: Recorder, local_llm: str) -> None:
    """A real model's tokens, name, provider and first token are recorded, streamed or not."""
    model = ChatOpenAI(
        base_url=local_llm,
        api_key=SecretStr("none"),
        model="local",
        max_completion_tokens=8,
        stream_usage=True,
    )
    chain = ChatPromptTemplate.from_template("Say {what}.") | model | StrOutputParser()
    handler = EvalhubCallbackHandler()
    said = chain.invoke({"what": "hello"}, {"callbacks": [handler]})
    pieces = list(chain.stream({"what": "hello"}, {"callbacks": [handler]}))
    whole, streamed = (span for span in recorder.spans if span.kind == "llm")
    for span, text in ((whole, said), (streamed, "".join(pieces))):
        assert (span.name, span.model, span.provider) == ("ChatOpenAI", "smollm2", "openai")
        assert span.usage is not None
        assert span.usage.input_tokens
        assert span.usage.output_tokens
        assert json.loads(span.inputs or b"")["messages"][0]["content"] == "Say hello."
        assert json.loads(span.outputs or b"")["generations"][0][0]["text"] == text
    assert streamed.first_token_ns is not None
    assert streamed.start_ns < streamed.first_token_ns <= streamed.end_ns
