"""Queries, retrievers, rerankers and embeddings of LlamaIndex, with its own mock models."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core import Document, VectorStoreIndex
from llama_index.core.base.llms.types import (
    ChatMessage,
)
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms import MockLLM
from llama_index.core.postprocessor import LLMRerank
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from evalhub.tracing import traceable
from evalhub.tracing.integrations.llamaindex import instrument_llamaindex, uninstrument_llamaindex
from evalhub.tracing.testing import Recorder


@pytest.fixture(autouse=True)
def _instrumented() -> Iterator[None]:
    instrument_llamaindex()
    instrument_llamaindex()
    yield
    uninstrument_llamaindex()


@traceable
def leaf(number: int) -> int:
    """Return twice *number*."""
    return 2 * number


def _json(payload: bytes | None) -> Any:
    return json.loads(payload or b"null")


def _path(recorder: Recorder, name: str) -> str:
    """Return the names from the root to the only span called *name*."""
    spans = {span.span_id: span for span in recorder.spans}
    span = recorder.span(name)
    names = [name]
    while span.parent_id is not None:
        span = spans[span.parent_id]
        names.append(span.name)
    return "/".join(reversed(names))


def _engine(**settings: Any) -> Any:
    index = VectorStoreIndex.from_documents(
        [Document(text="alpha", metadata={"page": 1}), Document(text="beta")],
        embed_model=MockEmbedding(embed_dim=20),
    )
    return index.as_query_engine(llm=MockLLM(max_tokens=3), **settings)


def test_query(recorder: Recorder) -> None:
    """A query holds its retrieval, embedding, synthesis and model call."""

    @traceable
    def ask() -> str:
        return str(_engine().query("what?"))

    assert ask() == "text text text"
    query = recorder.span("RetrieverQueryEngine.query")
    assert _path(recorder, query.name) == "ask/RetrieverQueryEngine.query"
    assert _json(query.inputs) == {"query": "what?"}
    outputs = _json(query.outputs)
    assert outputs["response"] == "text text text"
    assert {document["page_content"] for document in outputs["documents"]} == {"alpha", "beta"}
    found = recorder.span("VectorIndexRetriever.retrieve")
    assert found.kind == "retriever"
    documents = _json(found.outputs)["documents"]
    assert {"metadata", "page_content", "score", "id", "type"} == set(documents[0])
    embedding = recorder.span("MockEmbedding.get_query_embedding")
    assert embedding.kind == "embedding"
    assert _json(embedding.inputs) == {"query": "what?"}
    assert _json(embedding.outputs) == {"count": 1, "dimensions": 20}
    assert "0.5,0.5" not in str([span.outputs for span in recorder.spans])
    model = recorder.span("MockLLM.complete")
    assert model.kind == "llm"
    assert "alpha" in _json(model.inputs)["prompt"]
    assert _json(model.outputs) == {"text": "text text text"}
    assert len({span.trace_id for span in recorder.spans}) == 1


def test_streaming_query(recorder: Recorder) -> None:
    """The model that answers while the caller reads is below the query that has returned."""

    @traceable
    def ask() -> list[str]:
        response = _engine(streaming=True).query("what?")
        pieces = []
        for piece in response.response_gen:
            leaf(1)
            pieces.append(piece)
        return pieces

    assert "".join(ask()) == "text text text"
    path = _path(recorder, "MockLLM.stream_complete")
    assert path.startswith("ask/RetrieverQueryEngine.query/")
    assert "/MockLLM.stream/" in path
    span = recorder.span("MockLLM.stream_complete")
    assert _json(span.outputs) == {"text": "text text"}  # MockLLM's own last piece
    assert span.first_token_ns is not None
    ask_id = recorder.span("ask").span_id
    assert {each.parent_id for each in recorder.spans if each.name == "leaf"} == {ask_id}


def test_async_stream(recorder: Recorder) -> None:
    """The same on an event loop; what the stream itself opens is below it."""

    async def read() -> int:
        stream = await MockLLM(max_tokens=2).astream_chat([ChatMessage(role="user", content="a")])
        return len([piece async for piece in stream])

    assert asyncio.run(read()) == 2
    path = _path(recorder, "MockLLM.stream_complete")
    assert path.startswith("MockLLM.astream_chat/")
    assert recorder.span("MockLLM.astream_chat").first_token_ns is not None


def test_rerank(recorder: Recorder) -> None:
    """What a query engine's node postprocessors do is part of the query."""

    class Shelf(BaseRetriever):
        def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
            leaf(1)
            return [NodeWithScore(node=TextNode(text=str(n)), score=0.1 * n) for n in range(4)]

    nodes = Shelf().retrieve("q")
    assert _path(recorder, "leaf").startswith("Shelf.retrieve/")
    LLMRerank(
        llm=MockLLM(), parse_choice_select_answer_fn=lambda *_: ([1], [9.0])
    ).postprocess_nodes(nodes, query_str="q")
    reranks = [span for span in recorder.spans if span.name.startswith("LLMRerank")]
    assert reranks
    [document] = _json(reranks[-1].outputs)["output"]
    assert (document["page_content"], document["score"]) == ("0", 9.0)


def test_error(recorder: Recorder) -> None:
    """An error passes through all calls it goes through, and reaches the program."""

    class Broken(BaseRetriever):
        def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
            raise LookupError("no shelf")

    with pytest.raises(LookupError):
        Broken().retrieve("q")
    errors = [span.error or "" for span in recorder.spans]
    assert len(errors) == 2
    assert all(error.startswith("LookupError('no shelf')") for error in errors)


def test_missing_package() -> None:
    """Without llama-index-core the import says in one line what to install."""
    code = (
        "import sys; sys.modules['llama_index'] = None\n"
        "import evalhub.tracing.integrations.llamaindex"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=False
    )
    assert done.returncode == 1
    assert "pip install 'evalhub[llamaindex]'" in done.stderr.splitlines()[-1]
