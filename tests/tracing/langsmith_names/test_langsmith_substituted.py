"""Programs that were written for langsmith run on ``evalhub.tracing.langsmith``."""

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

from evalhub.tracing.testing import Recorder

PROGRAM = dedent(
    '''
    """A program as its author wrote it for langsmith."""

    import asyncio
    import uuid

    import langsmith as ls
    from langsmith import Client, traceable, trace
    from langsmith.anonymizer import create_anonymizer
    from langsmith.run_helpers import get_current_run_tree, tracing_context
    from langsmith.run_trees import RunTree
    from langsmith.schemas import Attachment, Example, Run
    from langsmith.utils import ContextThreadPoolExecutor, LangSmithError
    from langsmith.wrappers import wrap_anthropic, wrap_openai

    client = Client(api_url="https://example.invalid", api_key="key")
    hide = create_anonymizer([{"pattern": r"\\d{4}", "replace": "<digits>"}])


    @traceable(run_type="retriever", process_inputs=hide)
    def search(question: str) -> list[dict]:
        return [{"page_content": "Paris", "type": "Document", "metadata": {}}]


    @traceable(run_type="llm", metadata={"ls_provider": "p", "ls_model_name": "m"})
    async def model(prompt: str) -> dict:
        run = get_current_run_tree()
        run.add_metadata({"temperature": 0})
        return {"content": "Paris", "usage_metadata": {"input_tokens": 3, "output_tokens": 1}}


    @traceable(name="picture")
    def see(picture: Attachment, question: str) -> str:
        return question


    @traceable(name="app", tags=["prod"])
    def app(question: str, run_tree: RunTree) -> str:
        search(question)
        answer = asyncio.run(model(question))
        with ContextThreadPoolExecutor() as pool:
            pool.submit(see, Attachment("image/png", b"PNG"), "what").result()
        with trace("format", run_type="parser", inputs={"a": answer}) as run:
            run.end(outputs={"text": answer["content"]})
            assert isinstance(run.trace_id, uuid.UUID) and run.trace_id == run_tree.trace_id
        client.create_feedback(run_tree.id, "helpful", score=1, comment="yes")
        return answer["content"]


    with tracing_context(project_name="shop", metadata={"session_id": "s1", "user_id": "u1"}):
        assert app("year 2024") == "Paris"
    by_hand = RunTree(name="by hand", project_name="shop", inputs={"n": 1}, client=client)
    by_hand.post()
    by_hand.end(outputs={"m": 2})
    by_hand.patch()
    run_id = uuid.uuid4()
    client.create_run("by client", {"n": 1}, "tool", id=run_id, project_name="shop")
    client.update_run(run_id, outputs={"m": 3})
    client.flush()
    try:
        client.list_runs(project_name="shop")
    except Exception as error:
        refusal = str(error)
    '''
)

BEFORE = """
from evalhub.tracing import configure
from evalhub.tracing.exporters.memory import MemoryExporter
memory = MemoryExporter()
configure(exporter=memory)
"""
AFTER = """
import dataclasses, json
spans = [dataclasses.asdict(span) for span in memory.spans]
print(json.dumps([refusal, spans], default=lambda raw: raw.decode()))
"""

BY_SYS_MODULES = """
import sys
import evalhub.tracing.langsmith
sys.modules["langsmith"] = evalhub.tracing.langsmith
"""
BY_INSTALL = """
import evalhub.tracing.langsmith
evalhub.tracing.langsmith.install()
"""


def run(tmp_path: Path, substitute: str) -> tuple[str, dict[str, dict[str, Any]]]:
    """Run the program and return what its client refused with, and its spans by name."""
    script = tmp_path / "program.py"
    script.write_text(substitute + BEFORE + PROGRAM + AFTER)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        env={"EVALHUB_HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    refusal, spans = json.loads(done.stdout)
    return refusal, {span["name"]: span for span in spans}


def check(refusal: str, spans: dict[str, dict[str, Any]]) -> None:
    """Compare what the program recorded with what langsmith would have sent."""
    app = spans["app"]
    assert {"app", "search", "model", "picture", "format", "by hand", "by client"} == set(spans)
    below = {name for name, span in spans.items() if span["parent_id"] == app["span_id"]}
    assert below == {"search", "model", "picture", "format"}
    assert {span["project"] for span in spans.values()} == {"shop"}
    assert (app["session_id"], app["user_id"], app["tags"]) == ("s1", "u1", ["prod"])
    assert json.loads(spans["search"]["inputs"]) == {"question": "year <digits>"}
    model = spans["model"]
    assert (model["model"], model["provider"], model["usage"]["input_tokens"]) == ("m", "p", 3)
    picture = spans["picture"]
    assert json.loads(picture["inputs"]) == {"question": "what"}
    assert [item["mime_type"] for item in picture["attachments"]] == ["image/png"]
    assert json.loads(spans["format"]["outputs"]) == {"text": "Paris"}
    assert json.loads(spans["by hand"]["outputs"]) == {"m": 2}
    by_client = spans["by client"]
    assert (by_client["kind"], json.loads(by_client["outputs"])) == ("tool", {"m": 3})
    assert refusal.startswith("Client.list_runs needs LangSmith's server")


def test_substituted_in_sys_modules(tmp_path: Path) -> None:
    """``sys.modules["langsmith"] = ...`` is enough; submodules are found beside it."""
    check(*run(tmp_path, BY_SYS_MODULES))


def test_installed(tmp_path: Path) -> None:
    """``install()`` does it for the submodules too, so that each class exists once."""
    check(*run(tmp_path, BY_INSTALL))


def test_example_of_the_guide(recorder: Recorder) -> None:
    """The first example of docs/migrate-from-langsmith.md records what it says."""
    guide = Path(__file__).parents[3] / "docs" / "migrate-from-langsmith.md"
    example = guide.read_text().partition("```python\n")[2].partition("```")[0]
    exec(compile(example, str(guide), "exec"), {"__name__": "example"})  # noqa: S102 - our own text
    spans = {span.name: span for span in recorder.spans}
    assert set(spans) == {"answer", "format", "search again"}
    assert {(span.project, span.session_id) for span in spans.values()} == {("shop", "visit 7")}
    assert spans["search again"].parent_id == spans["format"].span_id
