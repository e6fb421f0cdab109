"""Which windows are looked at and told of, and receivers that do not take what they are told."""

import itertools
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from evalhub.evals.online.alerts import windows
from evalhub.evals.online.config import AlertSpec, BandSpec
from evalhub.evals.online.watch import Watch
from evalhub.evals.online.webhook import AlertError, post_alert

HOUR_NS = 3600 * 10**9
DAY_NS = 24 * HOUR_NS
BANDS = {"bands": [{"metric": "length", "at_least": 5, "min_n": 20}], "give_up": "30h"}


def test_a_day_that_is_looked_at_once_is_looked_at_whole(
    add_trace: Callable[..., str],
    make_watch: Callable[..., Watch],
    receiver: Any,
    clock: Any,
) -> None:
    """By cron, just after midnight: the day that ended counts, and is told of once."""
    clock.now_ns += 12 * HOUR_NS + 5 * 60 * 10**9
    changes = {**BANDS, "since": "1h", "alert": {"webhook": receiver.url}}
    assert make_watch(**changes).round().is_out is False
    for number in range(40):
        add_trace(number, end_ns=clock.now_ns + 10 * HOUR_NS + number)
    clock.now_ns += DAY_NS
    done = make_watch(**changes).round()
    assert [(state.is_over, state.n) for state in done.bands] == [(True, 40), (False, 0)]
    assert "from 2026-09-2" in done.bands[0].sentence
    assert done.is_out
    assert [one["n"] for one in receiver.got] == [40]
    again = make_watch(**changes).round()
    assert (again.is_out, len(receiver.got)) == (False, 1)


def test_an_ended_window_that_nobody_could_be_told_of_is_told_of_later(
    add_trace: Callable[..., str],
    make_watch: Callable[..., Watch],
    receiver: Any,
    clock: Any,
) -> None:
    """It is looked at until the receiver has taken it, and then no more."""
    for number in range(40):
        add_trace(number)
    receiver.statuses += [400]
    changes = {**BANDS, "since": "20h", "alert": {"webhook": receiver.url}}
    clock.now_ns += 13 * HOUR_NS
    assert not make_watch(**changes).round().is_whole
    assert make_watch(**changes).round().is_out
    assert not make_watch(**changes).round().is_out
    assert [one["window_start"] for one in receiver.got] == [receiver.got[0]["window_start"]] * 2


def test_each_window_is_looked_at_once_after_its_end() -> None:
    """Whatever the time between two rounds, and however short the windows are."""
    band = BandSpec(metric="m", at_least=1, window="1m")
    minute_ns, settle_ns = 60 * 10**9, 30 * 10**9
    moments = [0, 10, 70, 95, 100, 400, 500, 100_000]
    ended: list[int] = []
    for looked, now in itertools.pairwise(moments):
        found = list(
            windows(band, looked_ns=looked * 10**9, now_ns=now * 10**9, settle_ns=settle_ns)
        )
        assert found[-1] == now // 60 * minute_ns
        ended += [start // minute_ns for start in found[:-1]]
    assert ended[:8] == list(range(-1, 7))
    assert len(ended) == len(set(ended)) < 110


@pytest.fixture
def elsewhere() -> Any:
    """Serve an address that points to another, and count what the other gets."""

    class Handler(BaseHTTPRequestHandler):
        got: list[str] = []  # noqa: RUF012 - the handler is made anew for each request

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(int(self.path[1:]))
            self.send_header("location", "/other")
            self.send_header("content-length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            self.got.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", Handler.got
        server.shutdown()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_no_delivery(elsewhere: Any, status: int) -> None:
    """A client would turn the POST into a GET without a body, and take its 200 for an answer."""
    url, got = elsewhere
    with pytest.raises(AlertError, match=f"answered {status} and points elsewhere"):
        post_alert(AlertSpec(webhook=f"{url}/{status}"), {"text": "x"})
    assert got == []


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH\r\n", b""])
def test_a_receiver_that_speaks_no_http_is_one_line(
    monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    """The service goes on."""
    monkeypatch.setattr("evalhub.evals.online.webhook._WAITS_S", ())
    with socket.create_server(("127.0.0.1", 0)) as server:

        def once() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=once)
        thread.start()
        with pytest.raises(AlertError, match="did not answer"):
            post_alert(AlertSpec(webhook=f"http://127.0.0.1:{server.getsockname()[1]}"), {})
        thread.join()


@pytest.mark.parametrize(
    "alert",
    [
        AlertSpec(webhook="http://127.0.0.1:9/x", headers={"authorization": "secret\n"}),
        AlertSpec(webhook="http://127.0.0.1:9/x", headers={"authorization": "secret 中"}),
        AlertSpec(webhook="http://127.0.0.1:9/secret path"),
    ],
)
def test_what_cannot_be_sent_is_told_without_the_secret(alert: AlertSpec) -> None:
    """A header or an address is often the key to somewhere."""
    with pytest.raises(AlertError, match="cannot be sent") as caught:
        post_alert(alert, {})
    assert "secret" not in str(caught.value)
