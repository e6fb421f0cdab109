"""The metrics of a suite: judges and their models, recordings, files, names."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from evalhub.errors import SuiteError
from evalhub.evals.gates.uncached import uncached
from evalhub.evals.runs.suite_run import run_suite
from evalhub.evals.suites.assemble import Assembly, assemble
from evalhub.evals.suites.suite import load_suite
from evalhub.experiments.folder import FolderTracker
from evalhub.metrics.base import Metric

SUITE = """\
name: judged
dataset: {path: data.jsonl, inputs: [text], reference: right}
targets:
  base: {function: suite_app:first}
  candidate: {function: suite_app:copy}
"""
GRADES = [1.0, 1.0]
"""What the fake model gives two outputs."""


@dataclass(frozen=True)
class _Assembled:
    metrics: tuple[Metric, ...]
    assembly: Assembly

    def scores(self, index: int = 0) -> list[float | None]:
        """Return what the metric at *index* gives for the first two examples."""
        metric = self.metrics[index]
        examples = self.assembly.dataset.examples[:2]
        columns: dict[str, Any] = {
            "outputs": ["one", "two"],
            "references": ["one", "one"],
            "inputs": [example.inputs for example in examples],
            "tool_calls": [[{"name": "f", "arguments": {}}]] * 2,
        }
        table = metric.score_batch(**{name: columns[name] for name in metric.requires})
        column = next(iter(table.values()))
        return [column.score(0).value, column.score(1).value]


def made(folder: Path, metrics: str, *, asks: bool = True) -> _Assembled:
    """Assemble a suite with *metrics*, in YAML."""
    (folder / "suite.yaml").write_text(f"{SUITE}metrics:\n{metrics}")
    with assemble(load_suite(folder / "suite.yaml"), asks=asks) as assembly:
        return _Assembled(assembly.metrics, assembly)


def test_a_recording_answers_without_a_model(folder: Path, judge_server: Any) -> None:
    """Recorded once, replayed without an endpoint; both files start from the suite's folder."""
    record = f"  - {{judge: rubric, criteria: helpful, model: m, base_url: '{judge_server.url}/v1'"
    assert made(folder, record + ", record: a.jsonl}\n").scores() == GRADES
    assert len((folder / "a.jsonl").read_text().splitlines()) == 2
    asked = judge_server.asked["m"]
    replayed = made(folder, "  - {judge: rubric, criteria: helpful, replay: a.jsonl}\n")
    assert replayed.scores() == GRADES
    assert judge_server.asked["m"] == asked


def test_answers_are_kept_unless_told_otherwise(folder: Path, judge_server: Any) -> None:
    """What a run has asked the next one does not pay again; `cache: false` asks anew."""
    judge = f"  - {{judge: rubric, criteria: fluent, model: m, base_url: '{judge_server.url}/v1'"
    for _ in range(2):
        assert made(folder, judge + "}\n").scores() == GRADES
    assert judge_server.asked["m"] == 2
    assert made(folder, judge + ", cache: false}\n").scores() == GRADES
    assert judge_server.asked["m"] == 4


def test_canaries_are_asked_anew(folder: Path, judge_server: Any) -> None:
    """A kept answer would hide a judge that moved."""
    at = f"model: m, base_url: '{judge_server.url}/v1'"
    judges = f"  - {{judge: rubric, criteria: fluent, {at}}}\n"
    members = "{judge: rubric, criteria: fluent}, {judge: rubric, criteria: fluent, explain: false}"
    judges += f"  - {{judge: panel, {at}, judges: [{members}]}}\n"
    found = made(folder, judges)
    assert found.scores() == GRADES
    anew = _Assembled(tuple(map(uncached, found.metrics)), found.assembly)
    assert anew.scores() == GRADES
    assert judge_server.asked["m"] == 4
    assert anew.scores(1) == GRADES
    assert judge_server.asked["m"] == 8
    assert uncached(anew.metrics[0]) is anew.metrics[0]


def test_a_judge_may_be_of_anthropic(
    folder: Path, judge_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`provider` says whose API it speaks."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", judge_server.url)
    judge = "  - {judge: rubric, criteria: helpful, provider: anthropic, model: claude}\n"
    assert made(folder, judge).scores() == GRADES
    assert judge_server.asked["claude"] == 2


def test_the_members_of_a_panel_may_have_models_of_their_own(
    folder: Path, judge_server: Any
) -> None:
    """A member without one asks the panel's; one with a recording asks nobody."""
    url = f"base_url: '{judge_server.url}/v1'"
    made(
        folder, f"  - {{judge: rubric, criteria: fluent, model: z, {url}, record: z.jsonl}}\n"
    ).scores()
    panel = f"""\
  - judge: panel
    model: panel
    {url}
    judges:
      - {{judge: rubric, criteria: helpful}}
      - {{judge: rubric, criteria: helpful, model: own, {url}}}
      - {{judge: rubric, criteria: fluent, replay: z.jsonl}}
"""
    assert made(folder, panel).scores() == GRADES
    assert judge_server.asked == {"z": 2, "panel": 2, "own": 2}


def test_a_panel_of_its_own_models_needs_none_itself(folder: Path, judge_server: Any) -> None:
    """No embedded model is started for a panel whose members all have one."""
    member = f"{{judge: rubric, criteria: helpful, base_url: '{judge_server.url}/v1', model: "
    found = made(folder, f"  - {{judge: panel, judges: [{member}a}}, {member}b}}]}}\n")
    assert found.scores() == GRADES
    assert judge_server.asked == {"a": 2, "b": 2}


def test_a_check_asks_nobody(folder: Path, judge_server: Any) -> None:
    """Even G-Eval, whose steps are written by the judge when its signature is first read."""
    judge = f"  - {{judge: geval, criteria: fluent, model: m, base_url: '{judge_server.url}/v1'}}\n"
    made(folder, judge, asks=False)
    assert not judge_server.asked
    made(folder, judge)
    made(folder, judge)
    assert judge_server.asked["m"] == 1  # the steps are kept from then on


def test_files_of_settings_start_from_the_suites_folder(folder: Path) -> None:
    """Schemas, tools, word lists and stopwords, wherever the command is started."""
    (folder / "files").mkdir()
    (folder / "files" / "schema.json").write_text('{"type": "number"}')
    tools = [{"name": "f", "parameters": {"type": "object"}}]
    (folder / "files" / "tools.json").write_text(json.dumps(tools))
    (folder / "files" / "bad.txt").write_text("two\n")
    (folder / "files" / "stop.txt").write_text("one\n")
    found = made(
        folder,
        "  - {metric: word_list, file: files/bad.txt}\n"
        "  - {metric: json_schema, schema: files/schema.json}\n"
        "  - {metric: tool_schema, tools: files/tools.json}\n"
        "  - {metric: rouge1, stopwords: [files/stop.txt]}\n"
        "  - {metric: json_schema, schema: {type: string}, label: text}\n",
    )
    assert found.scores(0) == [1.0, 0.0]
    assert found.scores(1) == [0.0, 0.0]
    assert found.scores(2) == [1.0, 1.0]
    assert found.scores(3) == [None, None]  # no word is left to compare


def test_a_label_renames_what_has_no_setting_for_it(folder: Path) -> None:
    """One column is called by the label, several have it before their names."""
    found = made(
        folder,
        "  - {metric: exact_match, label: em}\n"
        "  - {metric: rouge, variants: [rouge1, rouge2], stemmer: false, label: plain}\n"
        "  - rouge1\n",
    )
    names = [getattr(metric, "variants", metric.name) for metric in found.metrics]
    assert names[:2] == [("em",), ("plain/rouge1", "plain/rouge2")]
    table = found.metrics[1].score_batch(["one two"], ["one two"])
    assert list(table) == [column.name for column in table.values()] == list(names[1])
    assert found.metrics[0].signature == "exact_match|norm:squad|v:1"


@pytest.mark.parametrize(
    ("metrics", "place", "message"),
    [
        ("  - contains\n  - {metric: contains, need: all}\n", "8:5", "called 'contains' already"),
        ("  - exact_match\n  - recall_at_5\n", "8:5", "needs the column 'relevant_ids'"),
        ("  - {metric: rogue1}\n", "7:5", "did you mean 'rouge1'?"),
        ("  - {metric: rouge1, modell: x}\n", "7:5", "rouge1 has no setting 'modell'"),
        ("  - {metric: rouge1, model: x}\n", "7:5", "'model' is for a 'judge'"),
        ("  - {judge: rubric, provider: azure}\n", "7:21", "provider is 'azure'"),
        ("  - {judge: rubric, criteria: x, replay: none.jsonl}\n", "7:5", "none.jsonl"),
        ("  - {judge: panel, judges: [{model: x}]}\n", "7:5", "either 'metric' or 'judge'"),
        ("  - {metric: 'python:no.such:fn'}\n", "7:5", "cannot import 'no.such'"),
        ("  - {judge: rubric, api_key_env: NO_KEY, model: m}\n", "7:5", "NO_KEY"),
    ],
)
def test_what_cannot_be_made_is_named_by_its_place(
    folder: Path, metrics: str, place: str, message: str
) -> None:
    """Two metrics of one name, an unknown one, a wrong setting: one line, before a call."""
    with pytest.raises(SuiteError) as caught:
        made(folder, metrics)
    assert str(caught.value).startswith(f"{folder}/suite.yaml:{place}: ")
    assert message in str(caught.value)


def test_pairwise_judges_later_targets_against_the_first(folder: Path, judge_server: Any) -> None:
    """The first target has no such score; the others have one, by both targets' outputs."""
    at = f"model: m, base_url: '{judge_server.url}/v1'"
    (folder / "suite.yaml").write_text(
        f"{SUITE}metrics: [exact_match, {{judge: pairwise, criteria: helpful, {at}}}]\n"
        "gates: [{metric: pairwise, at_most: 0.5}]\n"
    )
    result = run_suite(load_suite(folder / "suite.yaml"), FolderTracker(folder / "runs"))
    base, candidate = result.experiments
    assert base.summary("pairwise") is None
    summary = candidate.summary("pairwise")
    assert summary is not None
    assert (summary.n, summary.mean) == (8, 0.5)  # the fake always takes the first place
    labels = {score.label for one in candidate.results for score in one.scores if score.label}
    assert labels == {"flip"}
    assert judge_server.asked["m"] == 16


@pytest.mark.parametrize(
    "gate",
    [
        "{metric: pairwise, of: base, at_least: 0.5}",
        "{metric: pairwise, not_worse_than: base, margin: 0.1}",
    ],
)
def test_a_gate_on_pairwise_is_a_threshold(folder: Path, judge_server: Any, gate: str) -> None:
    """The score is a comparison already, and the first target has none."""
    at = f"model: m, base_url: '{judge_server.url}/v1'"
    (folder / "suite.yaml").write_text(
        f"{SUITE}metrics: [{{judge: pairwise, criteria: helpful, {at}}}]\ngates: [{gate}]\n"
    )
    with (
        pytest.raises(SuiteError, match=r"suite\.yaml:7:9: pairwise compares"),
        assemble(load_suite(folder / "suite.yaml")),
    ):
        pass


def test_an_address_that_names_no_model_is_not_ignored(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The judge that the environment names is not asked in its place."""
    monkeypatch.setenv("OPENAI_API_KEY", "s3cret")
    judge = "  - {judge: rubric, criteria: helpful, base_url: 'http://127.0.0.1:1/v1'}\n"
    with pytest.raises(SuiteError, match="name its model under 'model'"):
        made(folder, judge)
