"""Token counts as each provider names them become the same Usage."""

from typing import Any

import pytest

from evalhub.model import Usage
from evalhub.tracing.usage import to_usage

CASES: list[tuple[str, Any, Usage | None]] = [
    ("nothing", None, None),
    ("empty", {}, None),
    ("no mapping", "12", None),
    ("no counts", {"input_tokens": "12", "output_tokens": True, "prompt_tokens": -1}, None),
    (
        "OpenAI chat",
        {
            "prompt_tokens": 9,
            "completion_tokens": 4,
            "prompt_tokens_details": {"cached_tokens": 3, "audio_tokens": 2},
            "completion_tokens_details": {"reasoning_tokens": 1, "audio_tokens": 0},
        },
        Usage(9, 4, 3, None, 1, 2, 0),
    ),
    (
        "OpenAI responses",
        {
            "input_tokens": 9,
            "output_tokens": 4,
            "input_tokens_details": {"cached_tokens": 3},
            "output_tokens_details": {"reasoning_tokens": 1},
        },
        Usage(9, 4, 3, None, 1),
    ),
    (
        "LangSmith",
        {
            "input_tokens": 9,
            "output_tokens": 4,
            "input_token_details": {"cache_read": 3, "cache_creation": 2, "audio": 1},
            "output_token_details": {"reasoning": 1, "audio": 2},
        },
        Usage(9, 4, 3, 2, 1, 1, 2),
    ),
    (
        "LangSmith, a tier",
        {
            "input_tokens": 9,
            "output_tokens": 4,
            "input_token_details": {"flex_cache_read": 3, "flex": 6},
            "output_token_details": {"flex_reasoning": 1, "flex": 3},
        },
        Usage(9, 4, 3, None, 1, tier="flex"),
    ),
    (
        "LangChain, cache written by age",
        {
            "input_tokens": 9,
            "input_token_details": {
                "cache_creation": 0,
                "ephemeral_5m_input_tokens": 2,
                "ephemeral_1h_input_tokens": 3,
            },
        },
        Usage(9, cache_write_tokens=5),
    ),
    ("our own", {"input_tokens": 9, "cache_read_tokens": 0}, Usage(9, cache_read_tokens=0)),
    ("usual tier", {"input_tokens": 9, "service_tier": "standard"}, Usage(9)),
    ("batch tier", {"input_tokens": 9, "service_tier": "batch"}, Usage(9, tier="batch")),
]


@pytest.mark.parametrize(
    ("counts", "usage"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_counts(counts: Any, usage: Usage | None) -> None:
    """What is said is taken; what is no count is left out."""
    assert to_usage(counts) == usage


def test_cached_tokens_apart() -> None:
    """Anthropic counts cached tokens beside the input: they are added to it."""
    counts = {
        "input_tokens": 10,
        "cache_read_input_tokens": 4,
        "cache_creation_input_tokens": 3,
        "output_tokens": 5,
    }
    assert to_usage(counts, cached_apart=True) == Usage(17, 5, 4, 3)
    assert to_usage({"output_tokens": 5}, cached_apart=True) == Usage(output_tokens=5)


def test_tier_of_the_answer() -> None:
    """The answer's tier counts where the usage names none; a usual one is None."""
    assert to_usage({"input_tokens": 1}, tier="priority") == Usage(1, tier="priority")
    assert to_usage({"input_tokens": 1}, tier="default") == Usage(1)
