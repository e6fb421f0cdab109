"""Proxies, certificates and forks, with real proxies and servers of the loopback range."""

import datetime
import ipaddress
import multiprocessing
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from evalhub.errors import ConfigError, ModelError, ModelUnavailableError
from evalhub.http import HttpAnswer, connections, exchange

ELSEWHERE = "http://models.test/v1?x=1"


@pytest.fixture(autouse=True)
def anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let each test have an environment, and connections, of its own."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    forget()
    yield
    forget()


def forget() -> None:
    """Forget what was read from the environment."""
    connections._proxy.cache_clear()
    connections._POOLS.renew()


class Server:
    """Answers each request with what it was asked; as a proxy it does so for other hosts."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str | None]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                self._keep()
                self.send_response(200)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def do_CONNECT(self) -> None:
                self._keep()
                self.send_error(403, "not for you")

            def _keep(self) -> None:
                word = self.headers["proxy-authorization"]
                server.asked.append((self.command, self.path, word))

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base
                """Stay silent."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


def post(url: str) -> HttpAnswer:
    """Post a byte to *url*."""
    return exchange("POST", url, body=b"x", headers={}, timeout_s=10, where=url)


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_a_request_goes_through_the_proxy(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """With the user and password of its address, and the whole address of the host."""
    with Server() as proxy:
        monkeypatch.setenv(variable, f"http://me:p%40ss@{proxy.address}")
        assert post(ELSEWHERE).body == b"ok"
    assert proxy.asked == [("POST", ELSEWHERE, "Basic bWU6cEBzcw==")]


def test_https_goes_through_a_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy sees the host alone; its refusal is one line that names it."""
    with Server() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.address)
        with pytest.raises(ModelUnavailableError, match=r"by the environment's proxy.*403"):
            post("https://models.test/v1")
    assert proxy.asked == [("CONNECT", "models.test:443", None)]


def test_a_proxy_that_is_down_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else who reads it looks for the fault at the endpoint."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
    with pytest.raises(ModelUnavailableError, match="by the environment's proxy, does not answer"):
        post(ELSEWHERE)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_needs_no_proxy(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """The embedded model answers behind any company's proxy."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with Server() as server:
        url = f"http://{host}:{server.http.server_port}"
        assert post(f"{url}/a?b=ä").body == post(url).body == b"ok"
    assert [path for _, path, _ in server.asked] == ["/a?b=%C3%A4", "/"]


def test_hosts_of_no_proxy_are_asked_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy is not asked for them."""
    with Server() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.address}")
        monkeypatch.setenv("NO_PROXY", "models.test")
        with pytest.raises(ModelUnavailableError) as caught:
            post(ELSEWHERE)
    assert "proxy" not in str(caught.value)
    assert not proxy.asked


def test_a_proxy_of_another_protocol_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to do, and does not show the password."""
    monkeypatch.setenv("ALL_PROXY", "socks5://me:secret@127.0.0.1:9")
    with pytest.raises(ConfigError, match="speaks socks5; name one that speaks http") as caught:
        post(ELSEWHERE)
    assert "secret" not in str(caught.value)


def write_certificate(folder: Path) -> Path:
    """Write a certificate for 127.0.0.1 that signed itself, with its key, and return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "here")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "here.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + secret)
    return path


def test_an_authority_of_one_s_own_is_trusted_by_its_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without it the line says which variable names the file."""
    path = write_certificate(tmp_path)
    with Server() as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
        url = f"https://{server.address}/"
        with pytest.raises(ModelError, match=r"not trusted: self.signed.*SSL_CERT_FILE"):
            post(url)
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        forget()
        assert post(url).body == b"ok"


def ask_in_child(url: str, made: int) -> None:
    """Ask in a forked process, which has no connection of the other's."""
    assert not connections._POOLS._made
    assert post(url).body == b"ok"
    assert made == 1


def test_a_forked_process_opens_its_own_connections() -> None:
    """On one connection two processes would read each other's answers."""
    with Server() as server:
        url = f"http://{server.address}"
        assert post(url).body == b"ok"
        made = len(connections._POOLS._made)
        child = multiprocessing.get_context("fork").Process(target=ask_in_child, args=(url, made))
        child.start()
        child.join(30)
        assert child.exitcode == 0
        assert post(url).body == b"ok"
    assert len(server.asked) == 3


@pytest.mark.parametrize(("method", "body"), [("POST", b"the body"), ("POST", b""), ("GET", None)])
def test_a_request_is_sent_in_one_piece(method: str, body: bytes | None) -> None:
    """The server gets head and body at once; a request without a body is sent as well."""
    got: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                for _ in range(2):
                    got.append(connection.recv(65536))
                    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        for _ in range(2):
            found = exchange(method, url, body=body, headers={}, timeout_s=10, where=url)
            assert found.body == b"ok"
        thread.join()
    assert [piece.partition(b"\r\n\r\n")[2] for piece in got] == [body or b""] * 2
