"""``evalhub prices`` as a user types it."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evalhub.store.price_files import bundled_table

TABLE = """
[[acme.big-1]]
valid_from = 2026-01-01
input = 3.0
output = 6.0
batch = { input = 1.5, output = 3.0 }
"""


def evalhub(*arguments: str, code: int = 0) -> str:
    """Run the command line in a process of its own and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "evalhub", "prices", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


@pytest.fixture
def table(tmp_path: Path) -> str:
    """Return the path of a table of one model."""
    path = tmp_path / "prices.toml"
    path.write_text(TABLE)
    return str(path)


def test_the_list_says_which_table_it_is() -> None:
    """The bundled one until another takes its place, with its version."""
    shown = evalhub("list", "--model", "GPT-4o-mini")
    assert shown.startswith("bundled, version ")
    assert "openai/gpt-4o-mini" in shown
    assert "claude" not in shown
    listed = json.loads(evalhub("list", "--json"))
    assert listed["table"]["origin"] == "bundled"
    assert len(listed["prices"]) == len(bundled_table().prices)
    assert {price["provider"] for price in listed["prices"]} == {"openai", "anthropic"}


def test_the_list_of_one_provider() -> None:
    """Options narrow it."""
    listed = json.loads(evalhub("list", "--provider", "anthropic", "--json"))
    assert {price["provider"] for price in listed["prices"]} == {"anthropic"}


def test_a_model_shows_its_tiers() -> None:
    """By the name that calls give, a snapshot too; the standard price comes first."""
    shown = json.loads(evalhub("show", "openai/gpt-4o-2024-11-20", "--json"))
    assert [(price["model"], price["tier"], price["input_usd"]) for price in shown] == [
        ("gpt-4o", "standard", 2.5),
        ("gpt-4o", "batch", 1.25),
        ("gpt-4o", "priority", 4.25),
    ]
    assert "40/80" in evalhub("show", "gpt-4o-audio-preview")


def test_a_table_is_replaced_and_comes_back(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a path, by the environment, and by the word "bundled"."""
    whole = len(bundled_table().prices)
    assert f"2 prices added, 0 kept, {whole} retired" in evalhub("update", table)
    assert "acme/big-1" in evalhub("show", "big-1")
    assert "no price is known for 'gpt-4o'" in evalhub("show", "gpt-4o", code=2)
    monkeypatch.setenv("EVALHUB_PRICES", table)
    assert json.loads(evalhub("update", "--json"))["kept"] == 2
    assert f"{whole} prices added" in evalhub("update", "bundled")
    assert "openai/gpt-4o" in evalhub("show", "gpt-4o")


def test_undated_prices_begin_when_it_is_said(tmp_path: Path) -> None:
    """LiteLLM's file gives no dates."""
    path = tmp_path / "litellm.json"
    path.write_text('{"big": {"litellm_provider": "acme", "input_cost_per_token": 1e-06}}')
    evalhub("update", str(path), "--valid-from", "2026-02-03")
    (price,) = json.loads(evalhub("show", "big", "--json"))
    assert (price["valid_from"], price["input_usd"]) == ("2026-02-03", 1.0)


def test_a_price_of_ones_own() -> None:
    """It wins over the table's, is marked, and is not edited."""
    given = ("gpt-4o", "--provider", "openai", "--input", "1", "--output", "2")
    added = evalhub("add", *given, "--valid-from", "2026-01-01")
    assert added == "openai/gpt-4o (standard) has a price from 2026-01-01\n"
    assert " own" in evalhub("show", "gpt-4o")
    assert "prices are not edited" in evalhub("add", *given, "--valid-from", "2026-01-01", code=2)
    today = json.loads(evalhub("add", *given, "--tier", "batch", "--json"))
    assert today["valid_from"] <= datetime.now(UTC).date().isoformat()
    assert (today["tier"], today["source"]) == ("batch", "own")


def test_errors_are_one_line_and_exit_code_2(tmp_path: Path) -> None:
    """A missing file, a wrong table, a wrong day, an unknown model."""
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[acme]\nbig = [{valid_from = 2026-01-01, input = 'cheap'}]")
    for arguments, word in [
        (("update", "none.toml"), "'none.toml'"),
        (("update", str(wrong)), "acme/big: input is 'cheap'"),
        (("update", str(wrong), "--valid-from", "soon"), "'soon'"),
        (("show", "unheard-of", "--provider", "acme"), "'unheard-of' of 'acme'"),
    ]:
        said = evalhub(*arguments, code=2)
        assert said.startswith("error: ")
        assert said.count("\n") == 1
        assert word in said


def test_a_model_without_a_price_is_told_why() -> None:
    """Misspelt, sold by several, or not by this one: three answers, each with what to do."""
    misspelt = evalhub("show", "gpt-4.1-mni", code=2)
    assert "no price is known for 'gpt-4.1-mni'; did you mean 'gpt-4.1-mini'?" in misspelt
    assert "evalhub prices add gpt-4.1-mni --provider NAME" in misspelt
    elsewhere = evalhub("show", "gpt-4o", "--provider", "acme", code=2)
    assert "no price is known for 'gpt-4o' of 'acme'; it is sold by openai" in elsewhere
    for seller in ("acme", "best"):
        evalhub("add", "m-1", "--provider", seller, "--input", "1")
    several = evalhub("show", "m-1", code=2)
    assert "'m-1' is sold by acme, best; name one with --provider" in several


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("m", "--provider", "p", "--input", "inf"), "input_usd of m is inf; give dollars"),
        (("", "--provider", "p", "--input", "1"), "a price needs a provider and a model"),
    ],
)
def test_a_price_that_cannot_be(arguments: tuple[str, ...], said: str) -> None:
    """It is refused in one line, and not kept."""
    assert said in evalhub("add", *arguments, code=2)
    assert "p/m" not in evalhub("list", "--provider", "p", code=0)
