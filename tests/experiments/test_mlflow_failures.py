"""Ways to an MLflow, and what goes wrong on them: one line each, and never a traceback."""

import base64
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from mlflow import MlflowClient

from evalhub.errors import TrackerError, TrackerUnavailableError
from evalhub.experiments.mlflow import MlflowTracker
from evalhub.experiments.mlflow_failures import explained
from evalhub.experiments.tags import BRANCH_TAG
from evalhub.model import Experiment


@dataclass
class Answering:
    """A server that is no MLflow, and answers everything alike."""

    url: str = ""
    answer: bytes = b""
    logins: list[str | None] = field(default_factory=list)


@pytest.fixture
def answering() -> Iterator[Answering]:
    """Serve one answer on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.logins.append(self.headers.get("authorization"))
            self.wfile.write(found.answer)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Answering(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield found
        server.shutdown()


def _status(status: str, body: str) -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH-2.0-OpenSSH_9.6"),
        (b"", "closed connection without response"),
    ],
)
def test_what_is_no_web_server_is_one_line(answering: Answering, answer: bytes, told: str) -> None:
    """It says what came, and is taken for a server that is down."""
    answering.answer = answer
    with pytest.raises(TrackerUnavailableError, match=told) as error:
        MlflowTracker(answering.url).check()
    assert len(str(error.value).splitlines()) == 1


def test_a_login_that_is_lacking_says_where_it_goes(answering: Answering) -> None:
    """A 401 names the variables that MLflow reads."""
    answering.answer = _status("401 Unauthorized", "You are not authenticated.")
    with pytest.raises(TrackerError, match="MLFLOW_TRACKING_USERNAME"):
        MlflowTracker(answering.url).info("0" * 32)


def test_a_login_in_the_address_is_sent_and_not_shown(answering: Answering) -> None:
    """As MLflow's own client does with http://user:password@host."""
    answering.answer = _status("403 Forbidden", "Permission denied")
    url = answering.url.replace("//", "//bob:secret@")
    with pytest.raises(TrackerError, match="Permission denied") as error:
        MlflowTracker(url).info("0" * 32)
    assert "secret" not in str(error.value)
    login = "Basic " + base64.b64encode(b"bob:secret").decode()
    assert answering.logins
    assert set(answering.logins) == {login}


@pytest.mark.parametrize("url", ["http://localhost:abc", "http://127.0.0.1:9/a b", "http://"])
def test_an_address_that_is_none_is_one_line(url: str) -> None:
    """Whatever the library for addresses calls it."""
    with pytest.raises(TrackerError) as error:
        MlflowTracker(url).check()
    assert len(str(error.value).splitlines()) == 1


def test_a_database_server_that_is_down_is_found_at_once() -> None:
    """MLflow would try for two minutes, and end in SQLAlchemy's error."""
    url = "postgresql://bob:secret@127.0.0.1:9/mlflow"
    with pytest.raises(TrackerUnavailableError, match="no MLflow database answers") as error:
        MlflowTracker(url).check()
    assert "secret" not in str(error.value)


class NoCredentialsError(Exception):
    """A stand-in for botocore's: neither MLflow's nor of the operating system."""


def test_what_a_store_of_artifacts_raises_is_one_line() -> None:
    """Its library has exceptions of its own; a run that is paid for is kept all the same."""
    error = explained(NoCredentialsError("Unable to locate credentials\nat all"), "http://far")
    assert str(error) == "MLflow at http://far: Unable to locate credentials"


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    """An SQLite file with something else in it."""
    (tmp_path / "mlflow.db").write_text("this is no database" * 100)
    url = f"sqlite:///{tmp_path / 'mlflow.db'}"
    with pytest.raises(TrackerError, match="file is not a database") as error:
        MlflowTracker(url).info("0" * 32)
    assert len(str(error.value).splitlines()) == 1


def test_a_run_whose_tags_were_deleted_hides_no_other(
    sqlite_mlflow: str, experiment: Experiment
) -> None:
    """It is left out of lists, and asked for by its id it says what it lacks."""
    tracker = MlflowTracker(sqlite_mlflow)
    kept = [tracker.log(replace(experiment, suite="tags")) for _ in range(2)]
    MlflowClient(sqlite_mlflow).delete_tag(kept[0], "evalhub.suite")
    assert [run.run_id for run in tracker.list_runs("tags")] == kept[1:]
    with pytest.raises(TrackerError, match="lacks what evalhub logged"):
        tracker.info(kept[0])


def test_a_value_with_a_backslash_is_searched_for(
    sqlite_mlflow: str, experiment: Experiment
) -> None:
    """MLflow's language has no way to write one."""
    tracker = MlflowTracker(sqlite_mlflow)
    run_id = tracker.log(replace(experiment, suite="tags"), tags={BRANCH_TAG: "C:\\new\\"})
    tracker.log(replace(experiment, suite="tags"), tags={BRANCH_TAG: "C:/new/"})
    assert tracker.find("tags", BRANCH_TAG, "C:\\new\\") == run_id
