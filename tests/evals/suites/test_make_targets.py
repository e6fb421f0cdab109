"""Targets of suite files: each kind is made as the file says, and bad ones are named."""

import importlib
import json
import re
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from evalhub.errors import SuiteError
from evalhub.evals.datasets.load import load_dataset
from evalhub.evals.suites.make_targets import PlannedTarget, check_inputs, make_target
from evalhub.evals.suites.models import Models
from evalhub.evals.suites.suite import Suite, load_suite
from evalhub.evals.targets.command import CommandTarget
from evalhub.evals.targets.http_endpoint import HttpTarget
from evalhub.evals.targets.prompt import PromptTarget
from evalhub.llm.anthropic import AnthropicChat
from evalhub.llm.openai import OpenAIChat
from evalhub.tracing import flush, trace

ROWS = [{"id": "a", "q": "one", "out": "A"}, {"id": "b", "q": "two", "out": "B"}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a data set in it."""
    rows = "".join(json.dumps(row) + "\n" for row in ROWS)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "d.jsonl").write_text(rows)
    return tmp_path


def load(folder: Path, target: str) -> Suite:
    """Write a suite with *target*, in YAML, and read it."""
    path = folder / "suite.yaml"
    text = f"name: s\ndataset: {{path: data/d.jsonl, inputs: [q]}}\ntargets:\n  t: {target}\n"
    path.write_text(text, encoding="utf-8")
    return load_suite(path)


def make(folder: Path, target: str) -> PlannedTarget:
    """Make the target of such a suite, with all that is checked before a call."""
    suite = load(folder, target)
    with ExitStack() as stack:
        planned = make_target(suite, "t", Models(stack))
    dataset = load_dataset(suite.spec.dataset, folder=folder)
    check_inputs(suite, (planned,), dataset)
    return planned


def prompt(folder: Path, target: str) -> PromptTarget:
    """Make a target of a prompt."""
    made = make(folder, target).target
    assert isinstance(made, PromptTarget)
    return made


MODEL = "model: m, base_url: 'http://127.0.0.1:1/v1'"


def test_a_jinja_file_is_told_by_its_name(folder: Path) -> None:
    """``.j2`` is Jinja and ``.txt`` braces, unless the suite says otherwise."""
    (folder / "p.j2").write_text("{{ q | upper }} {q}")
    (folder / "p.txt").write_text("{q} {{{{ x }}}}")
    jinja = prompt(folder, f"{{{MODEL}, prompt: p.j2}}")
    braces = prompt(folder, f"{{{MODEL}, prompt: p.txt}}")
    inline = prompt(folder, f"{{{MODEL}, template: '{{{{ q }}}}', syntax: jinja}}")
    filled = [
        target.conversation.fill({"q": "x"})[0]["content"] for target in (jinja, braces, inline)
    ]
    assert filled == ["X {q}", "x {{ x }}", "x"]


def test_messages_stand_in_the_suite_or_in_a_file(folder: Path) -> None:
    """A prompt file brings its tools and its schema along."""
    messages = [{"role": "system", "content": "Be {{brief}}."}, {"role": "user", "content": "{q}"}]
    tools = [{"type": "function", "function": {"name": "f"}}]
    schema = {"type": "object"}
    file = {"messages": messages, "tools": tools, "json_schema": schema, "tool_choice": "none"}
    (folder / "p.json").write_text(json.dumps(file, indent=1))
    given = json.dumps(messages)
    inline = prompt(folder, f"{{{MODEL}, messages: {given}, tools: {json.dumps(tools)}}}")
    from_file = prompt(folder, f"{{{MODEL}, prompt: p.json}}")
    expected = [
        {"role": "system", "content": "Be {brief}."},
        {"role": "user", "content": "x"},
    ]
    assert inline.conversation.fill({"q": "x"}) == expected
    assert from_file.conversation.fill({"q": "x"}) == expected
    assert inline.settings == {"tools": tools}
    assert from_file.settings == {"tools": tools, "tool_choice": "none", "json_schema": schema}


def test_tools_and_schema_may_be_files(folder: Path) -> None:
    """They are kept with the run, and a change of them is another target."""
    (folder / "tools.yaml").write_text("- {type: function, function: {name: f}}\n")
    (folder / "schema.json").write_text('{"type": "object"}')
    text = f"{{{MODEL}, template: '{{q}}', tools: tools.yaml, json_schema: schema.json, stop: END}}"
    planned = make(folder, text)
    assert isinstance(planned.target, PromptTarget)
    assert planned.target.settings == {
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "json_schema": {"type": "object"},
        "stop": ["END"],
    }
    assert [path.name for path in planned.files] == ["tools.yaml", "schema.json"]
    before = planned.params
    (folder / "schema.json").write_text('{"type": "array"}')
    after = make(folder, text).params
    assert {key for key in before if before[key] != after[key]} == {"json_schema_sha256"}


def test_images_start_from_the_data_set(folder: Path) -> None:
    """Paths in a data set are relative to its file."""
    (folder / "data" / "i.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    target = prompt(folder, f"{{{MODEL}, template: look, images: q}}")
    (message,) = target.conversation.fill({"q": "i.png"})
    assert message["content"][1]["image_url"]["url"].startswith("data:image/png;base64,")


def test_targets_have_their_own_endpoint_and_key(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider, the address and the key come from the file, the secret from outside."""
    monkeypatch.setenv("MY_KEY", "s3cret")
    settings = "template: '{q}', api_key_env: MY_KEY"
    ours = make(folder, f"{{{MODEL}, {settings}}}")
    theirs = make(folder, f"{{model: c, provider: anthropic, {settings}}}")
    assert isinstance(ours.target, PromptTarget)
    assert isinstance(theirs.target, PromptTarget)
    for planned, kind, url in (
        (ours, OpenAIChat, "http://127.0.0.1:1/v1"),
        (theirs, AnthropicChat, "https://api.anthropic.com"),
    ):
        client: Any = planned.target.client  # type: ignore[attr-defined]  # both are prompts
        assert isinstance(client, kind)
        assert (client.endpoint.base_url, client.endpoint.api_key) == (url, "s3cret")
        assert "s3cret" not in json.dumps(dict(planned.params))


@pytest.mark.parametrize(
    ("provider", "own", "key"),
    [
        ("openai", "https://api.openai.com/v1", "OPENAI_API_KEY"),
        ("anthropic", "https://api.anthropic.com", "ANTHROPIC_API_KEY"),
    ],
)
def test_no_key_is_shown_to_a_server_that_it_is_not_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch, provider: str, own: str, key: str
) -> None:
    """The environment's key goes to the environment's address; elsewhere only a named one."""
    monkeypatch.setenv(key, "s3cret")

    def key_for(url: str, more: str = "") -> str:
        made = make(
            folder,
            f"{{model: m, provider: {provider}, base_url: '{url}', template: '{{q}}'{more}}}",
        )
        client: Any = made.target.client  # type: ignore[attr-defined]  # it is a prompt
        return str(client.endpoint.api_key)

    assert key_for(own) == "s3cret"
    assert key_for("https://models.example/v1") == "none"
    assert key_for("https://models.example/v1", f", api_key_env: {key}") == "s3cret"
    monkeypatch.setenv(key.replace("API_KEY", "BASE_URL"), "https://models.example/v1")
    assert key_for("https://models.example/v1") == "s3cret"
    assert key_for(own) == "none"


def test_an_address_without_a_model_is_refused(folder: Path) -> None:
    """Else another model than the one at that address would be asked."""
    with pytest.raises(SuiteError, match="leave that out, or name the model"):
        make(folder, "{model: local, base_url: 'http://127.0.0.1:1/v1', template: '{q}'}")


def test_an_endpoint_is_made_as_the_file_says(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys come from the environment, and no record of the run holds them."""
    monkeypatch.setenv("TOKEN", "s3cret")
    planned = make(
        folder,
        "{url: 'http://127.0.0.1:1/ask?k=${TOKEN}', headers: {authorization: 'Bearer ${TOKEN}'},"
        " body: {question: '{q}', auth: ['${TOKEN}']}, response: a.b, usage: {input_tokens: n},"
        " timeout_s: 5}",
    )
    target = planned.target
    assert isinstance(target, HttpTarget)
    assert target.headers == {"authorization": "Bearer s3cret"}
    assert target.url == "http://127.0.0.1:1/ask?k=s3cret"
    assert (target.answer.text, target.answer.usage) == ("a.b", {"input_tokens": "n"})
    assert planned.params == {
        "url": "http://127.0.0.1:1/ask?k=${TOKEN}",
        "headers": '["authorization"]',
        "body": '{"question": "{q}", "auth": ["${TOKEN}"]}',
        "response": "a.b",
        "usage": '{"input_tokens": "n"}',
        "timeout_s": "5.0",
    }


def test_a_command_runs_in_the_suites_folder(folder: Path) -> None:
    """Its script is kept with the run, and a change of it is another target."""
    (folder / "answer.py").write_text("import sys; print(sys.argv[1].upper())")
    text = f"{{command: ['{sys.executable}', answer.py, '{{q}}']}}"
    planned = make(folder, text)
    assert isinstance(planned.target, CommandTarget)
    assert planned.target({"q": "x"}).text == "X"
    assert planned.files == (folder / "answer.py",)
    before = planned.params["code_sha256"]
    (folder / "answer.py").write_text("print(1)")
    assert make(folder, text).params["code_sha256"] != before


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_outputs_are_read_from_files(folder: Path, suffix: str) -> None:
    """All three forms give the same."""
    path = folder / f"o.{suffix}"
    rows = [{"id": "a", "said": "A", "ms": 1.5}, {"id": "b", "said": "B", "ms": None}]
    if suffix == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif suffix == "csv":
        path.write_text("id,said,ms\na,A,1.5\nb,B,\n")
    else:
        arrow: Any = importlib.import_module("pyarrow")
        parquet: Any = importlib.import_module("pyarrow.parquet")
        parquet.write_table(arrow.Table.from_pylist(rows), path)
    planned = make(folder, f"{{outputs: o.{suffix}, output: said, latency_ms: ms}}")
    target: Any = planned.target
    examples = load_dataset(load(folder, "{column: out}").spec.dataset, folder=folder).examples
    found = [target.recall(example) for example in examples]
    assert [(output.text, output.latency_ms) for output in found] == [("A", 1.5), ("B", None)]
    assert set(planned.params) == {"outputs", "output", "latency_ms", "outputs_sha256"}


def test_a_column_and_traces_are_targets(folder: Path) -> None:
    """Both find their outputs by the example."""
    for row in ROWS:
        with trace("app", metadata={"doc": row["id"]}) as span:
            span.set_outputs({"answer": row["out"].lower()})
    flush()
    column: Any = make(folder, "{column: out}").target
    traces: Any = make(folder, "{traces: {name: app, since: 1h, id: doc, output: answer}}").target
    examples = load_dataset(load(folder, "{column: out}").spec.dataset, folder=folder).examples
    assert [column.recall(example).text for example in examples] == ["A", "B"]
    assert [traces.recall(example).text for example in examples] == ["a", "b"]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        # keys
        ("{url: 'http://h', respose: a}", "unknown key 'respose'; did you mean 'response'?"),
        ("{command: [a], timeout: 3}", "unknown key 'timeout'; did you mean 'timeout_s'?"),
        ("{traces: {projekt: p}}", "unknown key 'projekt'; did you mean 'project'?"),
        ("{url: 'http://h', timeout_s: 0}", "timeout_s is 0"),
        ("{url: 'http://h', method: FETCH}", "method is 'FETCH'"),
        ("{huggingface: m, template: x, batch_size: 0}", "batch_size is 0"),
        # prompts
        ("{model: m}", "exactly one of 'prompt' (a file), 'template' (the text) and 'messages'"),
        ("{model: m, prompt: p, template: x}", "exactly one of 'prompt'"),
        ("{model: m, system: s, messages: [{role: user, content: x}]}", "among the messages"),
        ("{model: m, messages: [{role: user}]}", "lacks 'content'"),
        ("{model: m, messages: [{content: x}]}", "'role' and 'content', or 'input' alone"),
        ("{model: m, messages: [{role: boss, content: x}]}", "role is 'boss'"),
        (f"{{{MODEL}, prompt: no.txt}}", "there is no prompt file"),
        (f"{{{MODEL}, prompt: bad.j2}}", "the template cannot be read: line 2"),
        (f"{{{MODEL}, prompt: bad.yaml}}", "unknown key 'mesages'; did you mean 'messages'?"),
        (f"{{{MODEL}, prompt: bad.json}}", "not JSON"),
        (f"{{{MODEL}, template: '{{x}}'}}", "needs 'x', which is not among the inputs: q"),
        (f"{{{MODEL}, prompt: needs.j2}}", "needs 'x', which is not among the inputs: q"),
        (f"{{{MODEL}, template: '{{q}}', images: pic}}", "needs 'pic', which is not among"),
        (f"{{{MODEL}, template: x, tools: no.json}}", "there is no tools file"),
        (f"{{{MODEL}, template: x, tools: schema.json}}", "holds dict; 'tools' needs a list"),
        (f"{{{MODEL}, template: x, api_key_env: NO_KEY}}", "the variable NO_KEY of 'api_key_env'"),
        ("{model: c, provider: anthropic, template: x}", "set ANTHROPIC_API_KEY"),
        ("{model: local, provider: anthropic, template: x}", "name one of Anthropic's"),
        ("{model: gpt, template: x}", "the model 'gpt' needs an endpoint"),
        # endpoints and commands
        ("{url: 'localhost/x'}", "must start with http:// or https://"),
        ("{url: 'http://h/{x}'}", "needs 'x', which is not among the inputs: q"),
        ("{url: 'http://h', body: {a: ['{x}']}}", "needs 'x', which is not among the inputs: q"),
        ("{url: 'http://h', response: 'a['}", "the path 'a[' of 'text' is no JMESPath"),
        ("{command: 'echo {q}'}", "or shell: true"),
        ("{command: [echo, '{x}']}", "needs 'x', which is not among the inputs: q"),
        ("{command: [echo], env: [NO_SUCH]}", "NO_SUCH, which is not set"),
        ("{command: [echo], cwd: nowhere}", "there is no folder"),
        # records
        ("{outputs: no.csv}", "there is no file"),
        ("{outputs: needs.j2}", "needs.j2"),
        ("{outputs: broken.jsonl}", "broken.jsonl:2: not JSON"),
        ("{outputs: other.jsonl}", "its ids are like 'x', those of the data set like 'a'"),
        ("{outputs: other.jsonl, output: text}", "no column 'text'; there are id, output"),
        ("{outputs: other.jsonl, id: key}", "no column 'key'; there are id, output"),
        ("{column: outt}", "no free column 'outt'; there are q, out"),
        ("{traces: {since: yesterday}}", "since is 'yesterday'; use 30m"),
        ("{traces: {project: none}}", "none of the 0 traces found belongs to an example"),
        ("{traces: {output: 'a['}}", "is no JMESPath"),
        # models
        ("{huggingface: nowhere, template: x}", "there is no folder"),
        ("{huggingface: data, template: x}", "has no config.json"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(folder: Path, target: str, message: str) -> None:
    """One line with the file and the place of the target, before anything is called."""
    (folder / "bad.j2").write_text("a\n{% if %}")
    (folder / "needs.j2").write_text("{{ q }} {{ x }}")
    (folder / "bad.yaml").write_text("mesages: []\n")
    (folder / "bad.json").write_text('{"messages": [')
    (folder / "schema.json").write_text('{"type": "object"}')
    (folder / "broken.jsonl").write_text('{"id": "a", "output": "x"}\n{"id": \n')
    (folder / "other.jsonl").write_text('{"id": "x", "output": "x"}\n')
    with pytest.raises(SuiteError, match=re.escape(message)) as caught:
        make(folder, target)
    text = str(caught.value)
    assert text.startswith(f"{folder / 'suite.yaml'}:4:")
    assert "\n" not in text
