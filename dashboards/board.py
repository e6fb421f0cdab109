"""The one component of ours: shows an element tree and says what was clicked."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from evalhub.dashboards.markup import Element
from evalhub.dashboards.theme import css_variables

__all__ = ["board"]

_STATIC = Path(__file__).with_name("static")


def board(root: Element, *, key: str, on_pick: Callable[[str], None] | None = None) -> str | None:
    """Show *root*; return the ``data-pick`` of the element just clicked, or None.

    *on_pick* gets it before the page is drawn again. So a click that only changes
    the address needs one run of the page and not two.
    """

    def report() -> None:
        picked = st.session_state[key].picked
        if on_pick is not None and picked is not None:
            on_pick(str(picked))

    picked = _component()(key=key, data=root, on_picked_change=report).picked
    return None if picked is None else str(picked)


@cache
def _component() -> Any:
    # Registered at first use, not at import: registering needs a running Streamlit.
    return st.components.v2.component(
        "evalhub_board",
        html='<div class="board"></div>',
        css=css_variables() + (_STATIC / "board.css").read_text(encoding="utf-8"),
        js=(_STATIC / "board.js").read_text(encoding="utf-8"),
    )
