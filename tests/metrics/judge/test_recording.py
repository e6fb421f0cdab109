"""Answers recorded while a judge asks, and read back without a model."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evalhub.errors import ConfigError, EmptyAnswerError, MetricError, ModelError
from evalhub.llm.client import Completion
from evalhub.llm.openai import OpenAIChat
from evalhub.metrics import load
from evalhub.metrics.judge.asking import ModelSource, Question
from evalhub.metrics.judge.recording import Recorder, Recording
from evalhub.metrics.judge.spending import JudgeColumn
from evalhub.model import ScoreState

Serve = Callable[..., OpenAIChat]

INPUTS = [{"question": "why?"}]
ASKED = Question([{"role": "user", "content": "hi"}], key="7/a_first")


def _lines(path: Path, *lines: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_recorded_judge_scores_the_same_offline(
    serve: Serve, requests: list[dict[str, Any]], tmp_path: Path
) -> None:
    """Values, explanations and signature are those of the run that was recorded."""
    file = str(tmp_path / "answers.jsonl")

    def answer(body: dict[str, Any]) -> str:
        grade = 5 if "because" in body["messages"][0]["content"] else 2
        return json.dumps({"explanation": f"worth {grade}", "score": grade})

    batch = (["because", "so"], INPUTS * 2)
    live = load("rubric", client=serve(answer), criteria="relevant", record=file)
    asked = live.score_batch(*batch)["relevant"]
    replayed = load("rubric", criteria="relevant", replay=file)
    again = replayed.score_batch(*batch)["relevant"]
    assert replayed.signature == live.signature
    np.testing.assert_array_equal(again.values, [5, 2])
    assert again.explanations == asked.explanations == ["worth 5", "worth 2"]
    assert len(requests) == 2
    assert isinstance(again, JudgeColumn)
    assert (again.spent.calls, again.spent.cached) == (0, 2)


def test_logprobs_finish_reason_and_usage_are_recorded(serve: Serve, tmp_path: Path) -> None:
    """All that judges read of an answer comes back; only that it is cached is new."""
    reply = {"content": "4", "logprobs": [("4", {"4": -0.1, "5": -2.5})], "finish_reason": "length"}
    file = tmp_path / "answers.jsonl"
    asked = Recorder(ModelSource(serve(reply)), file).complete(ASKED)
    again = Recording(file).complete(ASKED)
    assert (again.text, again.finish_reason, again.usage) == ("4", "length", asked.usage)
    assert again.logprobs == asked.logprobs
    assert (asked.cached, again.cached) == (False, True)
    assert again.model == "fake"


def test_answers_of_other_programs_are_found_by_key(tmp_path: Path) -> None:
    """Key and completion are enough; the repeat belongs to the key, the last line counts."""
    file = _lines(
        tmp_path / "r.jsonl",
        {"key": "7/a_first", "completion": "old"},
        {"key": "7/a_first", "completion": "new", "model": "gpt"},
        {"key": "7/a_first", "repeat": 1, "completion": "second"},
    )
    recording = Recording(file)
    assert recording.model == "gpt"
    assert recording.complete(ASKED).text == "new"
    second = Question(ASKED.messages, key=ASKED.key, repeat=1)
    assert recording.complete(second).text == "second"


def test_changed_prompt_does_not_get_the_old_answer(serve: Serve, tmp_path: Path) -> None:
    """A recorded line answers its own question only, although the key is the same."""
    file = tmp_path / "r.jsonl"
    Recorder(ModelSource(serve("fine")), file).complete(ASKED)
    changed = Question([{"role": "user", "content": "hello"}], key=ASKED.key)
    with pytest.raises(ModelError, match="answers another question as '7/a_first'"):
        Recording(file).complete(changed)


def test_absent_answer_is_an_errored_score_that_names_its_key(tmp_path: Path) -> None:
    """The other examples keep their scores."""
    file = _lines(tmp_path / "r.jsonl", {"key": "a", "completion": "Score: 4"})
    judge = load("rubric", criteria="fluent", columns=["ids"], replay=str(file))
    column = judge.score_batch(["x", "y"], ["a", "b"])["fluent"]
    assert column.states == [ScoreState.SCORED, ScoreState.ERRORED]
    assert column.score(0).value == 4
    assert "has no answer to 'b'" in str(column.score(1).explanation)


def test_refused_settings_are_counted_and_recorded(tmp_path: Path) -> None:
    """A grade without a temperature is told from one with it, live and replayed."""
    path = tmp_path / "answers.jsonl"

    class Client:
        model = "fake"

        def complete(self, messages: Any, **settings: Any) -> Completion:
            return Completion("Score: 4", "fake", "stop", None, without=("temperature",))

    for settings in ({"client": Client(), "record": str(path)}, {"replay": str(path)}):
        judge = load("rubric", criteria="fluent", **settings)
        column = judge.score_batch(["text"], INPUTS)["fluent"]
        assert isinstance(column, JudgeColumn)
        assert column.spent.without == ("temperature",)


def test_line_that_was_cut_spoils_no_other(serve: Serve, tmp_path: Path) -> None:
    """After a full disk or a kill the next answer begins a line; the error names the cut one."""
    path = tmp_path / "answers.jsonl"
    path.write_text('{"key": "1", "compl')
    Recorder(ModelSource(serve("Score: 4")), path).complete(ASKED)
    with pytest.raises(ConfigError, match=r"answers\.jsonl:1 is no .*; mend the line, or delete"):
        Recording(path)
    path.write_text(path.read_text().partition("\n")[2])
    assert Recording(path).complete(ASKED).text == "Score: 4"


def test_half_of_a_surrogate_pair_is_recorded(tmp_path: Path) -> None:
    """A model may answer what has no UTF-8; it comes back as it was, and nothing is lost."""
    path = tmp_path / "answers.jsonl"

    class Broken:
        model = "fake"

        def complete(self, question: Question) -> Completion:
            return Completion("\ud800 今天 4", "fake", "stop", None)

    Recorder(Broken(), path).complete(ASKED)
    assert "今天" in path.read_text(encoding="utf-8")
    assert Recording(path).complete(ASKED).text == "\ud800 今天 4"


def test_failures_are_not_recorded_but_silence_is(serve: Serve, tmp_path: Path) -> None:
    """A model that said nothing says nothing again; an endpoint that failed is asked again."""
    file = tmp_path / "r.jsonl"
    with pytest.raises(ModelError):
        Recorder(ModelSource(serve(500)), file).complete(ASKED)
    assert not file.exists()
    with pytest.raises(EmptyAnswerError):
        Recorder(ModelSource(serve("")), file).complete(ASKED)
    with pytest.raises(EmptyAnswerError, match="when it was recorded"):
        Recording(file).complete(ASKED)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "r.jsonl:2 is no recorded answer"),
        ("[]", "is not an object"),
        ('{"key": "a"}', "'completion' is None"),
        ('{"completion": "x"}', "give 'key' or 'question'"),
        ('{"key": "a", "completion": "x", "logprobs": [{"token": "x"}]}', "'logprobs' cannot"),
        ('{"key": "a", "completion": "x", "usage": 3}', "'usage' is 3"),
    ],
)
def test_unreadable_line_is_refused_with_its_number(tmp_path: Path, line: str, said: str) -> None:
    """A recording is read when the judge is made: what is wrong shows before it is used."""
    file = tmp_path / "r.jsonl"
    file.write_text('{"key": "b", "completion": "x"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        Recording(file)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    """The message names the file."""
    with pytest.raises(ConfigError, match=r"absent\.jsonl"):
        Recording(tmp_path / "absent.jsonl")


def test_recording_that_cannot_be_written_does_not_stop_the_judge(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The first failure is logged, and the scores are there."""
    file = str(tmp_path / "no folder" / "r.jsonl")
    judge = load("rubric", client=serve("Score: 4"), criteria="fluent", record=file)
    with caplog.at_level(logging.WARNING, "evalhub"):
        column = judge.score_batch(["x", "y"], INPUTS * 2)["fluent"]
    np.testing.assert_array_equal(column.values, [4, 4])
    assert [record.message[:24] for record in caplog.records] == ["answers are not recorded"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "give 'client', or 'replay'"),
        ({"replay": "FILE", "cache": True}, "leave 'cache' out"),
        ({"replay": "FILE", "record": "x"}, "leave 'record' out"),
        ({"replay": "FILE", "concurrency": 0}, "concurrency is 0"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(
    tmp_path: Path, settings: dict[str, Any], said: str
) -> None:
    """A replay asks nothing, so nothing can be cached or recorded."""
    file = str(_lines(tmp_path / "r.jsonl", {"key": "a", "completion": "x"}))
    given = {key: file if value == "FILE" else value for key, value in settings.items()}
    with pytest.raises(MetricError, match=said):
        load("rubric", criteria="fluent", **given)
