"""A local HTTP server, in a process of its own, that accepts whatever it is sent."""

import atexit
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["serve"]


def serve() -> str:
    """Start the server and return its base URL; it ends with this process."""
    process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
    atexit.register(process.kill)
    if process.stdout is None:
        raise RuntimeError("the server's output is not piped")
    return f"http://127.0.0.1:{int(process.stdout.readline())}"


class _Accept(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(b"{}")

    def do_POST(self) -> None:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline(), 16):
                self.rfile.read(size + 2)
            self.rfile.readline()
        else:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(b"{}")

    do_PATCH = do_POST  # noqa: N815 - the name that http.server calls

    def _answer(self, body: bytes) -> None:
        self.send_response(202 if self.command == "POST" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Stay silent."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Accept)
    print(server.server_port, flush=True)
    server.serve_forever()
