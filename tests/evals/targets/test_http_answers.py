"""Answers as servers really give them: charsets, late bytes, no end, redirects, odd JSON."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from evalhub.errors import ConfigError, ModelError, ModelUnavailableError
from evalhub.evals.targets.answer_paths import AnswerPaths
from evalhub.evals.targets.http_endpoint import HttpTarget
from evalhub.http import sending

OK = b"HTTP/1.1 200 OK\r\nconnection: close\r\n"


@contextmanager
def serving(answer: Callable[[socket.socket], object]) -> Iterator[str]:
    """Give the address of a server that lets *answer* write whatever it likes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def work() -> None:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(10)
                connection.recv(65536)
                try:
                    answer(connection)
                    # To close with a request unread would reset the connection.
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        pass
                except OSError:
                    return  # the client had enough

        thread = threading.Thread(target=work)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def ask(kind: str, body: bytes, answer: AnswerPaths | None = None, more: bytes = b"") -> str:
    """Return the text of an answer with this content type and body."""
    head = OK + b"content-type: " + kind.encode() + b"\r\n" + more + b"\r\n"
    with serving(lambda connection: connection.sendall(head + body)) as url:
        return HttpTarget("t", url, answer=answer or AnswerPaths())({}).text


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("text/plain; charset=iso-8859-1", "café".encode("latin-1"), "café"),
        ("text/plain", "café".encode(), "café"),
        ("text/plain; charset=utf8", "\ufeffcafé".encode(), "café"),
        ("application/json; charset=utf-16", '{"text": "café"}'.encode("utf-16"), "café"),
        ("application/json", b'\xef\xbb\xbf{"text": "bom"}', "bom"),
        ("application/json", b'{"text": "cut \\ud83d"}', "cut \ufffd"),
        ("application/problem+json", b'"a text"', "a text"),
        ("text/plain", b"42", "42"),
        ("text/plain", b"null", "null"),
        ("text/plain", b'["a"]', '["a"]'),
        ("text/plain", b'{"text": "x"}', "x"),
        ("text/plain", b"", ""),
    ],
)
def test_an_answer_is_read_as_the_server_wrote_it(kind: str, body: bytes, text: str) -> None:
    """The charset counts; of a plain text, what looks like a number is a text."""
    assert ask(kind, body) == text


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        ("application/json", b'{"text": "\xff"}', "no text in UTF-8"),
        ("application/json", b"<html>", "gave no JSON"),
        ("application/json", b"", "gave no JSON"),
        ("application/json", b'{"text": "x", "cost_usd": NaN}', "cost_usd nan"),
        ("text/plain", b"caf\xe9", "no text in UTF-8"),
        ("text/plain; charset=nonsense", b"x", "no text in nonsense"),
    ],
)
def test_what_cannot_be_read_is_no_output(kind: str, body: bytes, message: str) -> None:
    """Neither raw JSON nor replaced letters are scored as if they were the answer."""
    with pytest.raises(ModelError, match=message) as caught:
        ask(kind, body)
    assert "\n" not in str(caught.value)


def test_a_compressed_answer_is_unpacked() -> None:
    """Nothing tells it from a plain one; a broken one is an error."""
    coded = b"content-encoding: gzip\r\n"
    assert ask("text/plain", gzip.compress(b"hello"), more=coded) == "hello"
    with pytest.raises(ModelError, match="failed to decode"):
        ask("text/plain", b"hello", more=coded)


def test_a_server_that_drips_is_given_up() -> None:
    """The time is that of the whole answer, however often a byte comes."""
    stop = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(OK + b"content-length: 1000\r\n\r\n")
        while not stop.wait(0.05):
            connection.sendall(b"x")

    with serving(drip) as url:
        with pytest.raises(ModelUnavailableError, match=r"does not answer within 0\.2 s") as caught:
            HttpTarget("t", url, timeout_s=0.2)({})
        stop.set()
    assert "Timeout" in type(caught.value.__cause__).__name__


def test_an_answer_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is not filled; the message says how much came."""
    monkeypatch.setattr(sending, "_LARGEST", 1 << 20)

    def pour(connection: socket.socket) -> None:
        connection.sendall(OK + b"\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with serving(pour) as url, pytest.raises(ModelError, match="answered more than 1 MB"):
        HttpTarget("t", url)({})


def test_a_redirect_says_where_it_points() -> None:
    """It is not followed, for the headers may hold a key; what follows a ? is left out."""
    head = (
        b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\nconnection: close\r\n"
        b"location: http://h/login?token=s\r\n\r\n"
    )
    with (
        serving(lambda connection: connection.sendall(head)) as url,
        pytest.raises(ModelError, match=r"answered 302.*points to http://h/login, and") as caught,
    ):
        HttpTarget("t", url)({})
    assert "token" not in str(caught.value)


@pytest.mark.parametrize("value", ["Bearer a\r\nb: c", "Bearer \u2192", "Bearer \x00"])
def test_a_header_that_cannot_be_sent_is_refused(value: str) -> None:
    """Before the first call, and without its value, which may be a key."""
    with pytest.raises(ConfigError, match="the header 'authorization' has a letter") as caught:
        HttpTarget("t", "http://127.0.0.1/", headers={"authorization": value})
    assert "Bearer" not in str(caught.value)


def test_a_key_may_end_with_a_line_break() -> None:
    """That is how it stands in a file; the break is not sent."""
    target = HttpTarget("t", "http://127.0.0.1/", headers={"authorization": "Bearer a\n"})
    assert target.headers == {"authorization": "Bearer a"}


@pytest.mark.parametrize("url", ["http://h:99999/", "http://h:port/", "http://[::1/"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """Nothing is called to find out."""
    with pytest.raises(ConfigError, match="the url is"):
        HttpTarget("t", url)


def test_an_address_that_only_an_input_spoils_is_that_examples_error() -> None:
    """It is not tried again."""
    with pytest.raises(ModelError, match="cannot be used") as caught:
        HttpTarget("t", "http://{host}/")({"host": "a" * 70})
    assert type(caught.value) is ModelError
