"""``evalhub metrics``: list metrics, show one, score files."""

import typer

__all__ = ["app"]

app = typer.Typer(help="List metrics, show one, score files.")
