"""Colours that can be told apart from both backgrounds."""

import pytest

from evalhub.dashboards.theme import BACKGROUNDS, COLORS, KIND_COLORS, css_variables, theme_options
from evalhub.model import SpanKind


def luminance(color: str) -> float:
    """Return the relative luminance of ``#rrggbb`` as WCAG 2.2 defines it."""
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("name", COLORS)
def test_colors_stand_out_from_both_backgrounds(name: str, background: str) -> None:
    """Graphics need 3:1 (WCAG 1.4.11), in the light theme and in the dark."""
    assert contrast(COLORS[name], BACKGROUNDS[background]) >= 3


def test_text_reads_on_its_background() -> None:
    """Text needs 7:1 (WCAG 1.4.6)."""
    options = theme_options()
    for theme in BACKGROUNDS:
        text = options[f"theme.{theme}.textColor"]
        assert contrast(text, options[f"theme.{theme}.backgroundColor"]) >= 7


def test_kinds_are_known_and_named_by_palette() -> None:
    """A kind's colour exists, and the kind is one of the model's."""
    assert set(KIND_COLORS.values()) <= set(COLORS)
    assert set(KIND_COLORS) <= {str(kind) for kind in SpanKind}


def test_css_has_every_color() -> None:
    """The style sheet can use each colour by name."""
    rule = css_variables()
    assert all(f"--{name}:{value};" in rule for name, value in COLORS.items())
