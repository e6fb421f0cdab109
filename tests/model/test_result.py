"""What a result says of itself."""

import pytest

from evalhub.model import ExampleResult


@pytest.mark.parametrize(
    ("finish_reason", "was_cut_off"),
    [
        ("length", True),
        ("max_tokens", True),
        ("MAX_TOKENS", True),
        ("max_output_tokens", True),
        ("model_length", True),
        ("model_context_window_exceeded", True),
        ("stop", False),
        ("tool_calls", False),
        ("", False),
        (None, False),
    ],
)
def test_an_answer_that_ended_at_its_limit_was_cut_off(
    finish_reason: str | None, was_cut_off: bool
) -> None:
    """Whoever's word for it is recorded; what is not known is not counted."""
    assert ExampleResult("a", "x", finish_reason=finish_reason).was_cut_off is was_cut_off
