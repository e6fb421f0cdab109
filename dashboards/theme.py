"""One set of colours for charts, tables and the Streamlit theme.

Each colour has a contrast of at least 3:1 (WCAG 2.2, 1.4.11) against the light and
the dark background, so a chart needs no second set. Colour never says
something alone: lines are named, differences carry a sign, errors a word.
"""

from collections.abc import Mapping

__all__ = ["BACKGROUNDS", "COLORS", "KIND_COLORS", "css_variables", "theme_options"]

COLORS: Mapping[str, str] = {
    "blue": "#3578e5",
    "teal": "#12919c",
    "green": "#23935f",
    "orange": "#d0700c",
    "red": "#e0474c",
    "violet": "#8a63d8",
    "gray": "#7b8591",
}

KIND_COLORS: Mapping[str, str] = {
    "llm": "blue",
    "retriever": "teal",
    "reranker": "teal",
    "embedding": "green",
    "tool": "orange",
    "agent": "violet",
    "evaluator": "violet",
    "guardrail": "orange",
    "prompt": "green",
    "parser": "green",
}
"""Names out of :data:`COLORS` by span kind; other kinds are gray."""

BACKGROUNDS: Mapping[str, str] = {"light": "#ffffff", "dark": "#0f141b"}

_SHARED = {
    "baseFontSize": "14",
    "baseRadius": "6px",
    "headingFontSizes": '["1.5rem", "1.2rem", "1.05rem", "1rem", "0.95rem", "0.9rem"]',
    "headingFontWeights": "[650, 650, 600, 600, 600, 600]",
    "metricValueFontSize": "1.5rem",
    "showWidgetBorder": "true",
    "paddingTop": "0.75rem",
    "paddingBottom": "2rem",
}
_LIGHT = {
    "backgroundColor": BACKGROUNDS["light"],
    "secondaryBackgroundColor": "#f5f6f8",
    "textColor": "#1a2230",
    "borderColor": "#e2e5ea",
}
_DARK = {
    "backgroundColor": BACKGROUNDS["dark"],
    "secondaryBackgroundColor": "#181f29",
    "textColor": "#e4e8ee",
    "borderColor": "#2b3441",
}


def theme_options() -> dict[str, str]:
    """Return the Streamlit settings of the theme, as ``theme.light.textColor``."""
    options = {f"theme.{key}": value for key, value in _SHARED.items()}
    for name, values in (("light", _LIGHT), ("dark", _DARK)):
        options |= {f"theme.{name}.{key}": value for key, value in values.items()}
        options[f"theme.{name}.primaryColor"] = COLORS["blue"]
    return options


def css_variables() -> str:
    """Return a CSS rule that gives the colours as ``--blue`` and so on."""
    variables = "".join(f"--{name}:{value};" for name, value in COLORS.items())
    return f":host{{{variables}}}\n"
