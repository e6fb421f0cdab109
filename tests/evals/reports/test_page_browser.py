"""The HTML page in a real browser, from a file, with the network off."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import which

import pytest
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from evalhub.evals.reports.page import as_html
from evalhub.evals.reports.report import Report

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

pytestmark = [
    pytest.mark.browser,
    # In CI a missing browser is a failure: these tests are the only ones that see the page.
    pytest.mark.skipif(
        CHROMIUM is None and "CI" not in os.environ, reason="no Chromium; set $CHROMIUM to one"
    ),
]


@pytest.fixture(scope="module")
def context() -> Iterator[BrowserContext]:
    """Give a browser that has no network."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        context = browser.new_context(offline=True)
        yield context
        browser.close()


@pytest.fixture
def page(context: BrowserContext, report: Report, tmp_path: Path) -> Iterator[Page]:
    """Open the report; every request but that of the file, and every error, is a failure."""
    path = tmp_path / "report.html"
    path.write_text(as_html(report), encoding="utf-8")
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(path.as_uri())
    yield page
    assert asked == [path.as_uri()]
    assert said == []
    page.close()


CUT_OFF = """[...document.querySelectorAll('td, .said, code, h1, h2, p, .chip')]
    .filter(one => one.offsetParent && !one.closest('.scroll'))
    .filter(one => one.getBoundingClientRect().right > innerWidth)
    .map(one => one.outerHTML.slice(0, 200))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 720, 900, 1400])
def test_it_fits_the_screen(page: Page, scheme: str, width: int) -> None:
    """On a phone and on a desk nothing is cut off sideways; dark mode is dark."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert colour == {"light": "rgb(255, 255, 255)", "dark": "rgb(15, 20, 27)"}[scheme]
    expect(page.get_by_role("heading", level=1)).to_have_text("support-answers")
    assert page.evaluate(CUT_OFF) == []


@pytest.mark.parametrize("width", [390, 720, 900, 1400])
def test_long_names_fit_the_screen(
    context: BrowserContext, report: Report, tmp_path: Path, width: int
) -> None:
    """The targets of a matrix have names that no column has room for; a model may never pause."""
    name = "answers[model=gpt-4o-mini-2024-07-18,prompt=prompts/of_a_very_long_name.j2]"
    (compared,) = report.comparisons
    first = compared.examples[0]
    said = replace(first.sides["candidate"], output="supercalifragilistic" * 30)
    example = replace(first, sides={"baseline": first.sides["baseline"], name: said})
    runs = (report.experiments[0], replace(report.experiments[1], target=name))
    longer = replace(
        report,
        gates=tuple(replace(gate, of=name) for gate in report.gates),
        experiments=runs,
        comparisons=(replace(compared, candidate=name, examples=(example,)),),
    )
    path = tmp_path / "long.html"
    path.write_text(as_html(longer), encoding="utf-8")
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(CUT_OFF) == []
    page.close()


def test_examples_are_picked_by_metric(page: Page) -> None:
    """Without a script, a choice leaves the examples that lost on one metric."""
    cards = page.locator("details.card")
    every = cards.count()
    page.get_by_text("exact_match", exact=True).and_(page.locator("label")).click()
    expect(cards.locator("visible=true").first).to_be_visible()
    shown = [card for card in cards.all() if card.is_visible()]
    assert 0 < len(shown) < every
    assert all("exact_match" in card.locator("summary").first.inner_text() for card in shown)


def test_an_example_opens_to_both_texts(page: Page) -> None:
    """What was asked, both answers, the reference, what is gone, the reasons and the traces."""
    card = page.locator("details.card").nth(4)
    expect(card.locator(".said").first).not_to_be_visible()
    card.locator("summary").first.click()
    heads = card.locator(".side h4").all_inner_texts()
    expect(card.get_by_text("question", exact=True)).to_be_visible()
    assert [head.split("\n")[0] for head in heads] == [
        "question",
        "history",
        "baseline",
        "candidate",
        "reference",
    ]
    assert card.locator("del").count() > 0
    expect(card).to_contain_text("of the fact is there.")
    expect(card).to_contain_text("evalhub traces show")


def test_on_paper_nothing_stays_folded(page: Page) -> None:
    """Who prints the page, or makes a PDF of it, cannot click."""
    closed = page.locator("details.card:not([open])").last
    expect(closed.locator(".said").last).not_to_be_visible()
    page.emulate_media(media="print")
    expect(closed.locator(".said").last).to_be_visible()
    expect(page.locator(".pick").first).not_to_be_visible()


def test_it_can_be_read_without_colours(page: Page) -> None:
    """Each verdict is a word, each chart has a text, and headings follow one another."""
    for chart in page.locator("svg[role=img]").all():
        assert chart.get_attribute("aria-label")
    levels = [
        int(tag[1])
        for tag in page.evaluate(
            "[...document.querySelectorAll('h1,h2,h3,h4')].map(one => one.tagName)"
        )
    ]
    assert levels[0] == 1
    expect(page.locator(".title .chip")).to_have_text("fail")
