"""One attachment of a span: shown where the browser can, and always to be kept."""

import streamlit as st

from evalhub.dashboards import formats
from evalhub.store import StoredAttachment

__all__ = ["show_attachment"]

_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What is drawn; not SVG, which is a document that may hold a script."""


def show_attachment(item: StoredAttachment, data: bytes | None, *, key: str) -> None:
    """Draw a picture or a player for *item*, and a button that downloads its bytes."""
    about = formats.literal(f"{item.name} · {item.mime_type} · {formats.size(item.size)}")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(about, width="content")
        if data is not None:
            _download(item, data, key=key)
    if data is None:
        st.warning("Its bytes are not in this store.", icon=":material/link_off:")
    elif item.mime_type in _PICTURES:
        _picture(data)
    elif item.mime_type.startswith("audio/"):
        st.audio(data, format=item.mime_type)


def _download(item: StoredAttachment, data: bytes, *, key: str) -> None:
    st.download_button(
        "Download",
        data,
        file_name=item.name.replace("\\", "/").rpartition("/")[2] or item.sha256,
        mime=item.mime_type,
        key=key,
        on_click="ignore",  # the page need not be drawn again
        type="tertiary",
        icon=":material/download:",
    )


def _picture(data: bytes) -> None:
    try:
        st.image(data)
    except Exception:  # noqa: BLE001 - a traced program may have recorded any bytes
        st.warning("These bytes are no picture that can be shown.", icon=":material/broken_image:")
