"""Which metrics are better when they are lower."""

__all__ = ["LOWER_IS_BETTER"]

LOWER_IS_BETTER = frozenset(
    {
        "cost_usd",
        "input_tokens",
        "latency_ms",
        "moderation_risk",
        "noise_sensitivity",
        "noise_sensitivity_irrelevant",
        "noise_sensitivity_relevant",
        "output_tokens",
        "repetition",
        "ter",
    }
)
"""Names of score columns of which less is better; of all others more is.

Lengths, readability and compression are not among them: which way is better there is for
the one who asks to say, as ``length_limit`` does.
"""
