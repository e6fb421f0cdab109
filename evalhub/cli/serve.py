"""``evalhub serve``: the collector."""

from typing import Annotated

import typer

from evalhub._optional import require
from evalhub.cli.output import console
from evalhub.cli.ports import require_free_port
from evalhub.config import load_settings
from evalhub.store import open_store

__all__ = ["command"]


def command(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 4180,
) -> None:
    """Take spans from other programs over HTTP and store them.

    Programs send to it with EVALHUB_URL=http://HOST:PORT. Set EVALHUB_API_KEY on both
    sides before listening on anything but this machine.
    """
    require("fastapi", extra="server")
    uvicorn = require("uvicorn", extra="server")
    settings = load_settings()
    open_store(settings.url).close()  # an unusable store is one line here, not a server's traceback
    require_free_port(host, port)
    console.print(f"Storing in {settings.url}", soft_wrap=True)
    console.print(f"Send with EVALHUB_URL=http://{host}:{port}", soft_wrap=True)
    uvicorn.run(
        "evalhub.server:create_app", factory=True, host=host, port=port, log_level="warning"
    )
