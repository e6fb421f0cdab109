"""Take the pictures of the documentation from a running dashboard.

Usage: ``python docs/screenshot.py http://127.0.0.1:8501 docs/images`` while
``evalhub dashboard`` runs on stores with traces and at least two runs of one suite.
Needs ``playwright`` and a Chromium, at ``$CHROMIUM`` or ``/usr/bin/chromium``.
"""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def browser_page(*, width: int, height: int, dark: bool = False) -> Iterator[Page]:
    """Open a page of that size in a Chromium that talks to nobody else."""
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        page = browser.new_page(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
        )
        yield page
        browser.close()


def settle(page: Page) -> None:
    """Wait until Streamlit has drawn the page."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_selector('[data-stale="true"]', state="detached")
    page.wait_for_timeout(400)  # charts fade in


def take(page: Page, url: str, folder: Path, *, suffix: str = "") -> None:
    """Write a picture of each page at *url* into *folder*."""
    page.goto(f"{url}/")
    page.wait_for_selector(".js-plotly-plot")
    _save(page, folder / f"overview{suffix}.png")
    page.goto(f"{url}/traces")
    page.wait_for_selector(".traces tbody tr")
    _save(page, folder / f"traces{suffix}.png")
    # A trace of one span has no tree to show.
    several = page.locator(".traces .spans").filter(has_not_text=re.compile(r"^1$"))
    several.first.click()
    page.wait_for_selector(".waterfall")
    page.locator(".wf-row.kind-llm").first.click()
    page.wait_for_selector(".message")
    _save(page, folder / f"trace{suffix}.png")
    page.goto(f"{url}/experiments")
    page.wait_for_selector(".runs tbody tr")
    page.locator(".runs tbody tr").nth(1).click()
    page.wait_for_selector(".runs tr.selected")
    settle(page)
    page.locator(".runs tbody tr").nth(0).click()
    page.wait_for_selector(".examples tbody tr")
    _save(page, folder / f"dashboard{suffix}.png")


def _save(page: Page, path: Path) -> None:
    settle(page)
    page.screenshot(path=path)


def main() -> None:
    """Read the address and the folder from the command line."""
    if len(sys.argv) != 3:
        sys.exit("usage: python docs/screenshot.py URL FOLDER")
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    with browser_page(width=1440, height=900) as page:
        take(page, sys.argv[1].rstrip("/"), folder)


if __name__ == "__main__":
    main()
