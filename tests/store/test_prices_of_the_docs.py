"""The models that the guides and defaults name have a price: their budgets and costs work."""

import re
from pathlib import Path

import pytest

from evalhub.cli.evals.starter import starter_files
from evalhub.llm.endpoint import resolve_endpoint
from evalhub.store.price_files import bundled_table
from evalhub.store.prices import PriceBook

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in DOCS.glob("*.md")}
NAMED = {
    (name, page)
    for page, text in {**PAGES, "eval init": starter_files()["suite.yaml"]}.items()
    for name in re.findall(r"\b(?:gpt|claude)-\d?[a-z0-9.-]*\d[a-z0-9.-]*", text)
}
_NOW_NS = 1_800_000_000 * 10**9


@pytest.mark.parametrize(("model", "page"), sorted(NAMED))
def test_a_model_that_a_page_names_has_a_price(model: str, page: str) -> None:
    """Whoever copies the page with a budget of dollars is not refused."""
    assert PriceBook(bundled_table().prices).find(model, None, _NOW_NS) is not None


def test_the_usual_model_has_a_price() -> None:
    """With a key and nothing else set, what is asked is known to cost something."""
    endpoint = resolve_endpoint({"OPENAI_API_KEY": "key"})
    assert endpoint is not None
    book = PriceBook(bundled_table().prices)
    assert book.find(endpoint.model, "openai", _NOW_NS) is not None
