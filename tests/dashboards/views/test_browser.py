"""The dashboard in a real browser, started by its own command."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from shutil import rmtree, which
from types import SimpleNamespace

import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

from evalhub.experiments.mlflow import MlflowTracker
from evalhub.experiments.outbox import Outbox

Seeded = SimpleNamespace
"""What the fixture ``week`` gives; its class lives in conftest.py."""

ARTIFACTS = Path(__file__).resolve().parents[3] / "artifacts"
CHROMIUM = os.environ.get("CHROMIUM") or which("chromium") or which("google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WAIT_S = 60

pytestmark = [
    pytest.mark.browser,
    # In CI a missing browser is a failure: these tests are the only ones that see the pages.
    pytest.mark.skipif(
        CHROMIUM is None and "CI" not in os.environ, reason="no Chromium; set $CHROMIUM to one"
    ),
]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def click(target: Locator) -> None:
    """Click *target* when the page has been drawn: what then goes would move it away."""
    state = '[data-testid="stApp"][data-test-script-state="notRunning"]'
    expect(target.page.locator(state)).to_have_count(1)
    target.click()


def wait_until_up(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Return when *url* answers; a dashboard that ended or stays silent is a failure."""
    for _ in range(WAIT_S * 10):
        if process.poll() is not None:
            raise RuntimeError(f"the dashboard ended with exit code {process.returncode}")
        with suppress(OSError), urllib.request.urlopen(f"{url}/_stcore/health"):
            return
        time.sleep(0.1)
    raise RuntimeError(f"the dashboard did not answer within {WAIT_S} s")


@pytest.fixture(scope="module")
def dashboard(week: Seeded) -> Iterator[str]:
    """Start the dashboard on the filled home and give its address."""
    port = free_port()
    code = "from evalhub.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "dashboard", "--no-browser", "--port", str(port)],
        env={**os.environ, "EVALHUB_HOME": str(week.home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(url, process)
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(WAIT_S)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """Open a page as wide as a laptop; an error in its console fails the tests."""
    ARTIFACTS.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(30_000)
        expect.set_options(timeout=30_000)
        yield page
        browser.close()


def has_no_sideways_scrolling(page: Page) -> bool:
    """Return whether the page is no wider than its window."""
    fits: bool = page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    return fits


def picture(page: Page, name: str) -> None:
    """Keep a picture of the page for people to look at."""
    page.screenshot(path=ARTIFACTS / f"dashboard_{name}.png")


def test_the_overview_shows_numbers_and_charts(page: Page, dashboard: str) -> None:
    """Calls, latency, tokens and cost are drawn, and the latest errors are listed."""
    page.goto(f"{dashboard}/?range=30+d")
    expect(page.locator(".js-plotly-plot")).to_have_count(5)
    expect(page.locator(".names tbody tr")).to_have_count(2)
    expect(page.get_by_test_id("stMetricValue").first).to_have_text("231")
    expect(page.locator(".traces .chip.error")).to_have_count(8)
    assert has_no_sideways_scrolling(page)
    picture(page, "overview")


def test_the_overview_answers_under_its_name(page: Page, dashboard: str) -> None:
    """It is no missing page, its filters work, and the others are named once."""
    page.goto(f"{dashboard}/overview?range=30+d")
    expect(page.get_by_test_id("stMetricValue").first).to_have_text("231")
    expect(page.get_by_test_id("stDialog")).to_have_count(0)
    expect(page.get_by_test_id("stTopNavLink")).to_have_count(3)
    click(page.locator(".names tbody tr", has_text="order_agent"))
    expect(page.locator(".traces tbody tr")).to_have_count(1)


def test_an_error_on_the_overview_leads_to_its_trace(page: Page, dashboard: str) -> None:
    """One click from the list of errors to the reason."""
    page.goto(f"{dashboard}/?range=30+d")
    click(page.locator(".traces tbody tr").first)
    expect(page.locator(".failure strong")).to_contain_text("RateLimitError: 429")
    assert "trace=" in page.url
    picture(page, "error")


def test_a_name_on_the_overview_leads_to_its_traces(page: Page, dashboard: str) -> None:
    """The list keeps the time that was chosen, and has only traces of that name."""
    page.goto(f"{dashboard}/?range=30+d")
    click(page.locator(".names tbody tr", has_text="order_agent"))
    expect(page.get_by_label("Search")).to_be_visible()
    expect(page.locator(".traces tbody tr")).to_have_count(1)
    assert "name=order_agent" in page.url
    assert "range=30" in page.url


def test_filters_stand_in_one_row(page: Page, dashboard: str) -> None:
    """Labels and lower edges of inputs and button groups meet."""
    page.goto(f"{dashboard}/traces?range=30+d")
    expect(page.locator(".traces tbody tr").first).to_be_visible()
    labels = [page.get_by_text(name, exact=True).first for name in ("Session", "Status", "Time")]
    tops = {round((label.bounding_box() or {"y": -1})["y"]) for label in labels}
    assert max(tops) - min(tops) <= 1


def test_traces_are_filtered_and_opened(page: Page, dashboard: str, week: Seeded) -> None:
    """Typing a text narrows the list; a click opens the trace; another picks a span."""
    page.goto(f"{dashboard}/traces?range=30+d")
    expect(page.locator(".traces tbody tr")).to_have_count(50)
    search = page.get_by_label("Search")
    search.fill("order 4711")
    search.press("Enter")
    expect(page.locator(".traces tbody tr")).to_have_count(1)
    picture(page, "traces")
    click(page.get_by_role("link", name="order_agent"))
    expect(page.locator(".wf-bar")).to_have_count(5)
    click(page.locator(".wf-row", has_text="chat.completions").last)
    expect(page.locator(".message.assistant").last).to_contain_text("arrives on **Tuesday**")
    expect(page.locator(".tool-call code")).to_have_text("find_order")
    expect(page.locator(".wf-row.selected")).to_have_count(1)
    assert f"trace={week.agent_id}" in page.url
    assert has_no_sideways_scrolling(page)
    picture(page, "trace")
    click(page.get_by_role("button", name="All traces"))
    expect(page.locator(".traces tbody tr").first).to_be_visible()


def test_a_link_opens_a_trace_and_its_documents(page: Page, dashboard: str, week: Seeded) -> None:
    """An address sent to a colleague shows the same span."""
    trace_id = week.trace_ids[0]
    page.goto(f"{dashboard}/traces?trace={trace_id}&span={trace_id[:28]}0001")
    expect(page.locator(".card")).to_have_count(3)
    expect(page.locator(".card .score").first).to_have_text("0.910")
    click(page.get_by_text("Raw JSON"))
    expect(page.get_by_test_id("stCode").first).to_contain_text('"query"')
    picture(page, "documents")


def test_attachments_are_seen_and_heard(page: Page, dashboard: str, week: Seeded) -> None:
    """The picture has its size, the player its sound, the PDF its button."""
    page.goto(f"{dashboard}/traces?trace={week.attached_id}")
    drawn = page.get_by_test_id("stImage").locator("img")
    expect(drawn).to_have_js_property("naturalWidth", 320)
    expect(page.get_by_test_id("stAudio")).to_have_js_property("readyState", 4)
    expect(page.get_by_text("2 spans were lost before delivery")).to_be_visible()
    with page.expect_download() as kept:
        click(page.get_by_role("button", name="Download").nth(2))
    assert kept.value.suggested_filename == "answer.pdf"
    assert Path(kept.value.path()).read_bytes() == b"%PDF-1.4"
    assert has_no_sideways_scrolling(page)
    picture(page, "attachments")


def test_two_runs_are_picked_and_compared(page: Page, dashboard: str, week: Seeded) -> None:
    """Two clicks give the comparison; a third shows an example; a fourth opens its trace."""
    page.goto(f"{dashboard}/experiments")
    runs = page.locator(".runs tbody tr")
    expect(runs).to_have_count(3)
    click(runs.nth(1))
    expect(page.locator(".runs tr.selected")).to_have_count(1)
    click(runs.nth(0))
    expect(page.locator(".runs tr.selected")).to_have_count(2)
    assert re.search(rf"runs={week.baseline_run}(,|%2C){week.candidate_run}", page.url)
    expect(page.get_by_text("B worse").first).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    click(page.locator(".examples tbody tr").nth(2))
    expect(page.locator(".examples tr.selected")).to_have_count(1)
    expect(page.locator(".sides section")).to_have_count(3)
    assert has_no_sideways_scrolling(page)
    picture(page, "experiments")
    click(page.get_by_role("link", name="Open trace").last)
    expect(page.locator(".waterfall")).to_be_visible()
    assert "/traces?trace=" in page.url


def test_unlike_data_are_not_compared(page: Page, dashboard: str, week: Seeded) -> None:
    """The table refuses in words, and there is no chart."""
    page.goto(f"{dashboard}/experiments?runs={week.other_data_run},{week.candidate_run}")
    expect(page.get_by_text("data set versions differ").first).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(0)
    picture(page, "refused")


@pytest.mark.parametrize("path", ["", "traces", "experiments"])
def test_pages_fit_a_narrow_window(page: Page, dashboard: str, path: str) -> None:
    """At 900 pixels wide tables scroll inside themselves, not the page."""
    page.set_viewport_size({"width": 900, "height": 800})
    page.goto(f"{dashboard}/{path}")
    expect(page.locator("tbody tr").first).to_be_visible()
    assert has_no_sideways_scrolling(page)
    picture(page, f"narrow_{path or 'overview'}")


def test_text_of_a_model_is_not_run(page: Page, dashboard: str, week: Seeded) -> None:
    """Markup in a trace's text is shown as it was written."""
    page.goto(f"{dashboard}/traces?trace={week.hostile_id}")
    expect(page.locator(".said").last).to_contain_text("<img src=x onerror=")
    assert page.evaluate("window.taken") is None


def test_a_run_that_was_not_sent_is_marked(page: Page, dashboard: str, week: Seeded) -> None:
    """In the list, without a wider page; the hint below has the command."""
    kept = MlflowTracker(f"sqlite:///{week.home / 'mlflow.db'}").load(week.candidate_run)
    outbox = Outbox(week.home / "unsent")
    outbox.runs.log(kept)
    try:
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(f"{dashboard}/experiments")
        expect(page.locator(".runs .marked .chip")).to_have_text("not sent")
        expect(page.locator(".runs tbody tr")).to_have_count(4)
        expect(page.get_by_text("evalhub eval sync")).to_be_visible()
        assert has_no_sideways_scrolling(page)
        picture(page, "unsent")
    finally:
        rmtree(outbox.root)
