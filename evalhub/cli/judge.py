"""``evalhub judge``: calibrate judges, and watch them."""

import typer

__all__ = ["app"]

app = typer.Typer(help="Calibrate judges, and watch them.")
