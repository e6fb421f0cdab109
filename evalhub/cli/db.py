"""``evalhub db``: the store's tables, and whether the file is sound."""

from typing import Annotated

import typer

from evalhub.cli.app import ExitCode
from evalhub.cli.output import JsonFlag, print_json
from evalhub.store import open_store
from evalhub.store.check import check_store, store_state

__all__ = ["app"]

app = typer.Typer(help="Upgrade and check the store's tables.")

UrlOption = Annotated[
    str | None,
    typer.Option(help="The store, sqlite:///... or postgresql://...; by default EVALHUB_URL."),
]


@app.command()
def upgrade(url: UrlOption = None, json: JsonFlag = False) -> None:
    """Bring the tables to this version's; data is kept.

    An SQLite store does this by itself when it is first used. Run it twice and
    the second time changes nothing.
    """
    before = store_state(url)
    open_store(url, upgrade=True).close()
    after = store_state(url)
    if json:
        print_json({"from": before.revision, "to": after.revision, "url": after.url})
    elif before.revision == after.revision:
        typer.echo(f"{after.url} is at {after.revision}; nothing to do")
    else:
        typer.echo(f"{after.url} went from {before.revision or 'no tables'} to {after.revision}")


@app.command()
def current(url: UrlOption = None, json: JsonFlag = False) -> None:
    """Show the revision of the tables, and the one this version wants."""
    state = store_state(url)
    if json:
        print_json({"revision": state.revision, "wanted": state.wanted, "url": state.url})
    else:
        typer.echo(f"{state.url}: {state.revision or 'no tables'} (wanted: {state.wanted})")


@app.command()
def check(url: UrlOption = None, json: JsonFlag = False) -> None:
    """Read the whole store and say what is wrong with it.

    Exit code 1 when something is: damage in the file, or tables that are not
    as this version makes them.
    """
    problems = check_store(url)
    if json:
        print_json({"ok": not problems, "problems": problems})
    else:
        typer.echo("\n".join(problems) if problems else "ok")
    if problems:
        raise typer.Exit(ExitCode.FAILED)
