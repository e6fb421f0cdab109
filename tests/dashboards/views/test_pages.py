"""The pages, run by Streamlit itself without a browser."""

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from evalhub.cli.dashboard import streamlit_arguments
from evalhub.config import load_settings
from evalhub.dashboards import data
from evalhub.dashboards.views.filters import since_ns
from evalhub.errors import EvalhubError
from evalhub.experiments.mlflow import MlflowTracker
from evalhub.experiments.outbox import Outbox, default_outbox
from evalhub.store import open_store
from evalhub.store.schema import VERSION_TABLE

Seeded = SimpleNamespace
"""What the fixture ``seeded`` gives; its class lives in conftest.py."""

APP = streamlit_arguments(host="127.0.0.1", port=1, browser=False)[3]


def overview_page() -> None:
    """Draw the overview; runs in a script of its own."""
    import streamlit as st

    from evalhub.dashboards.views import overview

    overview.show(lambda parameters: st.write(f"opened {parameters}"))


def traces_page() -> None:
    """Draw the traces; runs in a script of its own."""
    from evalhub.dashboards.views import traces

    traces.show()


def experiments_page() -> None:
    """Draw the experiments; runs in a script of its own."""
    import streamlit as st

    from evalhub.dashboards.views import experiments

    experiments.show(lambda trace_id: st.write(f"opened {trace_id}"))


def run(page: Callable[[], None], **query: str) -> AppTest:
    """Run *page* with this query string and return what it drew, which must be no exception."""
    test = AppTest.from_function(page, default_timeout=60)
    for name, value in query.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception, test.exception
    return test


def boards(test: AppTest) -> str:
    """Return the text of every board on the page, as it was sent to the browser."""
    return " ".join(str(item.proto) for item in test.get("bidi_component"))


def texts(elements: Any) -> str:
    """Return the values of elements such as ``test.info``."""
    return " ".join(str(element.value) for element in elements)


@pytest.mark.parametrize(
    ("page", "title", "command"),
    [
        (overview_page, "No traces yet", "evalhub demo"),
        (traces_page, "No traces yet", "evalhub demo"),
        (experiments_page, "No experiments yet", "evalhub eval run"),
    ],
)
def test_an_empty_page_says_what_to_run(page: Callable[[], None], title: str, command: str) -> None:
    """The first visit teaches the next step."""
    test = run(page)
    assert title in texts(test.subheader)
    assert command in texts(test.code)


def test_the_overview_adds_up_the_week(seeded: Seeded) -> None:
    """The headline numbers are those of all traces of the range."""
    test = run(overview_page, range="30 d")
    shown = {metric.label: metric.value for metric in test.metric}
    assert shown["Calls"] == "231"
    assert shown["Errors"] == r"12 \(5.2%\)"  # as Markdown
    assert shown["Cost"].startswith(r"\$0.0")
    assert len(test.get("plotly_chart")) == 4 + 1  # and that of the judge's scores
    assert seeded.failed_id in boards(test)
    assert "One bar is 3 h. Times are in UTC." in texts(test.caption)


def test_names_take_the_place_of_an_unknown_cost(seeded: Seeded) -> None:
    """Without a price there are three charts, and the names are listed all the same."""
    test = run(overview_page, project="old", range="All")
    assert len(test.get("plotly_chart")) == 3
    assert "By name" in texts(test.markdown)


def test_the_overview_shows_what_live_traces_scored(seeded: Seeded) -> None:
    """A chart for each kind of score, over the time chosen; without scores there is none."""
    test = run(overview_page)
    assert "**Scores**" in texts(test.markdown)
    assert test.get("plotly_chart")[-1].key == "score_rubric"
    assert "Not drawn" not in texts(test.caption)
    test = run(overview_page, project="old", range="all time")
    assert "**Scores**" not in texts(test.markdown)


def test_the_overview_shrinks_with_the_range(seeded: Seeded) -> None:
    """A shorter time has fewer calls."""
    test = run(overview_page, range="1 h")
    shown = {metric.label: metric.value for metric in test.metric}
    assert 1 <= int(shown["Calls"]) < 10


def test_a_project_that_is_gone_is_ignored(seeded: Seeded) -> None:
    """An old bookmark shows all projects, and no error."""
    test = run(overview_page, project="gone", range="30 d")
    assert test.metric[0].value == "231"


def test_traces_are_listed_newest_first_and_paged(seeded: Seeded) -> None:
    """A page ends with a button to the next, which goes on where it stopped."""
    test = run(traces_page, range="30 d")
    assert seeded.agent_id in boards(test)
    assert seeded.trace_ids[48] in boards(test)
    assert seeded.trace_ids[49] not in boards(test)
    test.button[-1].click().run()
    assert seeded.trace_ids[48] not in boards(test)
    assert seeded.trace_ids[49] in boards(test)
    test.button[-2].click().run()
    assert seeded.trace_ids[0] in boards(test)


def test_traces_can_be_filtered(seeded: Seeded) -> None:
    """Status and text narrow the list; what fits nothing says so."""
    test = run(traces_page, range="30 d", status="error")
    assert seeded.failed_id in boards(test)
    assert seeded.agent_id not in boards(test)
    test = run(traces_page, range="30 d", search="order 4711")
    assert seeded.agent_id in boards(test)
    assert seeded.trace_ids[0] not in boards(test)
    test = run(traces_page, range="30 d", name="no such name")
    assert "clear a filter" in texts(test.info)


def test_other_filters_begin_at_the_first_page(seeded: Seeded) -> None:
    """A page number of one list means nothing in another."""
    test = run(traces_page, range="30 d")
    test.button[-1].click().run()
    test.text_input(key="name").input("order_agent").run()
    assert seeded.agent_id in boards(test)


def test_a_link_opens_a_trace(seeded: Seeded) -> None:
    """``?trace=ID`` shows its spans, its model's messages and its tool call."""
    test = run(traces_page, trace=seeded.agent_id, span=f"{seeded.agent_id[:28]}0004")
    shown = boards(test)
    for part in ("order_agent", "find_order", "Where is my order 4711?", "gpt-4o", "first token"):
        assert part in shown


def test_a_trace_shows_what_was_said_of_it(seeded: Seeded) -> None:
    """Its scores with who gave them; one that could not be given shows its state, and no 0."""
    shown = boards(run(traces_page, trace=seeded.trace_ids[0]))
    assert "rubric" in shown
    assert "judge" in shown
    assert "errored" in boards(run(traces_page, trace=seeded.failed_id))
    assert "rubric" not in boards(run(traces_page, trace=seeded.agent_id))


def test_an_incomplete_trace_says_what_is_missing(seeded: Seeded) -> None:
    """One line above the spans; a whole trace has none."""
    test = run(traces_page, trace=seeded.attached_id)
    assert "2 spans were lost before delivery" in texts(test.warning)
    assert not run(traces_page, trace=seeded.agent_id).warning


def test_attachments_are_shown_and_can_be_kept(seeded: Seeded) -> None:
    """A picture, a player and a button for each; what is no picture is said to be none."""
    test = run(traces_page, trace=seeded.attached_id)
    assert len(test.get("image")) == 1
    assert len(test.get("audio")) == 1
    assert len(test.get("download_button")) == 4
    assert "no picture that can be shown" in texts(test.warning)
    assert "answer.pdf" in texts(test.caption).replace("\\", "")


def test_audio_tokens_and_the_tier_are_facts_of_a_call(seeded: Seeded) -> None:
    """They decide what it cost."""
    shown = boards(run(traces_page, trace=seeded.attached_id))
    for part in ("Audio in / out", "Tier", "batch"):
        assert part in shown


def test_a_failed_trace_opens_where_the_error_began(seeded: Seeded) -> None:
    """The reader sees the reason without a click."""
    shown = boards(run(traces_page, trace=seeded.failed_id))
    assert "RateLimitError: 429" in shown
    assert "Traceback" in shown


def test_retrieved_documents_are_cards_with_scores(seeded: Seeded) -> None:
    """A retriever's span shows what it found, ranked."""
    trace_id = seeded.trace_ids[0]
    shown = boards(run(traces_page, trace=trace_id, span=f"{trace_id[:28]}0001"))
    assert "handbook-1" in shown
    assert "0.910" in shown


def test_an_unknown_trace_is_one_line(seeded: Seeded) -> None:
    """A link to a trace that was deleted says so."""
    test = run(traces_page, trace="f" * 32)
    assert f"no trace '{'f' * 32}'" in texts(test.warning)


def test_two_runs_are_compared(seeded: Seeded) -> None:
    """Metrics, both charts and the worst example are there."""
    test = run(experiments_page, runs=f"{seeded.baseline_run},{seeded.candidate_run}")
    shown = boards(test)
    assert "B worse" in shown
    assert "q017" in shown
    assert len(test.get("plotly_chart")) == 2


def test_runs_on_other_data_are_refused(seeded: Seeded) -> None:
    """No difference is shown, and the data set's versions are named."""
    test = run(experiments_page, runs=f"{seeded.other_data_run},{seeded.candidate_run}")
    shown = boards(test)
    assert "not compared" in shown
    assert "data set versions differ" in shown
    assert not test.get("plotly_chart")


def test_one_run_asks_for_the_second(seeded: Seeded) -> None:
    """The page says what is missing; a run that is gone is not counted."""
    test = run(experiments_page, runs=f"{seeded.baseline_run},gone")
    assert "Pick a second run" in texts(test.info)


def test_more_runs_than_a_page_holds_are_listed_and_linked(
    seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link to an older run works, older ones are a click away, and a lost one is told."""
    monkeypatch.setattr("evalhub.dashboards.views.experiments._FIRST", 1)
    linked = f"{seeded.baseline_run},nosuchrun,{seeded.candidate_run}"
    test = run(experiments_page, runs=linked)
    assert "There is no run nosuchrun here" in texts(test.warning)
    assert "B worse" in boards(test)
    test = run(experiments_page)
    listed = boards(test)
    assert seeded.candidate_run in listed
    assert seeded.baseline_run not in listed
    test.button[-1].click().run()
    assert seeded.baseline_run in boards(test)


def test_three_runs_are_held_against_the_first(seeded: Seeded) -> None:
    """With several candidates the reader chooses which to see."""
    picked = (seeded.baseline_run, seeded.candidate_run, seeded.other_data_run)
    test = run(experiments_page, runs=",".join(picked))
    choices = [str(item.proto) for item in test.get("button_group")]
    assert any("Compare A with" in choice and "B handbook-v2-short" in choice for choice in choices)


def test_a_store_that_cannot_be_read_is_one_line(evalhub_home: Path) -> None:
    """A damaged file ends in one line on the page, without a traceback."""
    (evalhub_home / "evalhub.db").write_bytes(b"this is no database" * 100)
    test = AppTest.from_file(APP, default_timeout=60).run()
    assert not test.exception
    (message,) = test.error
    assert "evalhub.db" in message.value
    assert "\n" not in message.value


def test_a_store_of_a_newer_version_is_one_line(evalhub_home: Path) -> None:
    """The page says what to do when the tables are newer than the code."""
    open_store(load_settings().url).close()
    with closing(sqlite3.connect(evalhub_home / "evalhub.db")) as connection, connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    test = AppTest.from_file(APP, default_timeout=60).run()
    assert not test.exception
    (message,) = test.error
    assert "9999" in message.value


def test_missing_mlflow_names_the_pip_command(
    evalhub_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Traces work without MLflow, and the experiments page says what to install."""
    (evalhub_home / "mlflow.db").touch()
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(EvalhubError, match=r"pip install 'evalhub\[mlflow\]'"):
        data.runs(load_settings().mlflow_url, limit=1)


def test_ranges_move_in_steps() -> None:
    """Two draws within a few seconds ask the same question, so the cache answers."""
    assert since_ns("1 h", 10**18 + 1) == since_ns("1 h", 10**18 + 10**9)
    assert since_ns("All") is None


@pytest.fixture
def unsent(seeded: Seeded, evalhub_home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Keep a run like the candidate in a home of its own, beside the week's MLflow."""
    kept = data.experiment(load_settings().mlflow_url, seeded.candidate_run)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", load_settings().mlflow_url)
    monkeypatch.setenv("EVALHUB_HOME", str(evalhub_home))
    return default_outbox().runs.log(kept)


def test_a_run_that_was_not_sent_is_listed_and_compared(seeded: Seeded, unsent: str) -> None:
    """Marked, with the command that sends it; against a run that MLflow keeps."""
    test = run(experiments_page)
    assert unsent in boards(test)
    assert seeded.baseline_run in boards(test)
    assert boards(test).count("not sent") == 1
    assert "1 run was not sent to MLflow" in texts(test.info)
    assert "`evalhub eval sync`" in texts(test.info)
    test = run(experiments_page, runs=f"{seeded.baseline_run},{unsent}")
    assert "B worse" in boards(test)
    assert not test.warning


def test_runs_of_which_all_were_sent_have_no_mark(seeded: Seeded) -> None:
    """Neither a word nor a hint."""
    test = run(experiments_page)
    assert "not sent" not in boards(test)
    assert "eval sync" not in texts(test.info)


def test_while_mlflow_is_down_what_was_kept_is_shown(
    unsent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it is down is a warning; two runs that were kept meanwhile are compared."""
    kept = default_outbox().runs.load(unsent)
    second = default_outbox().runs.log(kept)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    test = run(experiments_page, runs=f"{unsent},{second}")
    assert "127.0.0.1:9" in texts(test.warning).replace("\\", "")
    assert "2 runs were not sent" in texts(test.info)
    assert "no clear difference" in boards(test)


def test_a_link_to_a_run_holds_when_it_was_sent(
    seeded: Seeded, evalhub_home: Path, unsent: str, tmp_path: Path
) -> None:
    """Its id changed with the sending; the address may have gone to a colleague before."""
    url = f"sqlite:///{tmp_path / 'own.db'}"
    outbox = Outbox(evalhub_home / "unsent")
    (sent,) = outbox.send(MlflowTracker(url))
    found = data.run(url, unsent)
    assert found is not None
    assert found.run_id == sent.run_id
    assert data.unsent_runs() == []
