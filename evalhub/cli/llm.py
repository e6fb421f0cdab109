"""``evalhub llm``: serve the embedded model."""

from typing import Annotated

import typer

from evalhub.cli.output import console
from evalhub.llm.local import LocalServer

__all__ = ["app"]

app = typer.Typer(help="Serve the embedded model.")


@app.callback()
def _group() -> None:
    """Serve the embedded model."""


@app.command()
def serve(
    model: Annotated[str, typer.Option(help="A pulled model, or a GGUF file.")] = "smollm2",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8103,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    parallel: Annotated[int, typer.Option(min=1, help="Requests answered at once.")] = 2,
    context: Annotated[int, typer.Option(min=256, help="Tokens of one request.")] = 4096,
) -> None:
    """Serve a local model to any OpenAI client until Ctrl-C."""
    server = LocalServer(model, host=host, port=port, parallel=parallel, context=context)
    with server:
        console.print(f"[bold]{server.model}[/] answers at {server.base_url}", soft_wrap=True)
        console.print(f"  export OPENAI_BASE_URL={server.base_url} EVALHUB_MODEL={server.model}")
        console.print("  Any API key will do. Ctrl-C stops it.")
        try:
            server.wait()
        except KeyboardInterrupt:
            console.print("stopped")
