"""Images among an example's inputs, as parts of a chat message."""

import base64
from pathlib import Path
from typing import Any

from evalhub.errors import ConfigError

__all__ = ["image_parts"]

_ELSEWHERE = ("http://", "https://", "data:image/")
_BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}
"""First bytes of the formats that models take; WebP is told by bytes 8 to 12."""


def image_parts(value: object, folder: Path) -> list[dict[str, Any]]:
    """Return *value*, an image or a list of them, as content parts in OpenAI's shape.

    An image is a URL, a data URI, or a file in *folder*, which is sent as a data URI. None
    and the empty text are no image.

    Raises:
        ConfigError: a file is not there, or is no PNG, JPEG, GIF or WebP.
    """
    items = value if isinstance(value, list | tuple) else [value]
    return [
        {"type": "image_url", "image_url": {"url": _url(item, folder)}}
        for item in items
        if item is not None and item != ""
    ]


def _url(item: object, folder: Path) -> str:
    if not isinstance(item, str):
        raise ConfigError(f"the image is {item!r}; give a file, a URL or a data URI")
    if item.startswith(_ELSEWHERE):
        return item
    path = folder / item
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"there is no image {path}; paths start from the data set") from None
    except OSError as error:
        raise ConfigError(f"cannot read the image {path}: {error.strerror}") from error
    return f"data:{_media_type(data, path)};base64,{base64.b64encode(data).decode()}"


def _media_type(data: bytes, path: Path) -> str:
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    for beginning, media_type in _BEGINNINGS.items():
        if data.startswith(beginning):
            return media_type
    raise ConfigError(f"{path} is no PNG, JPEG, GIF or WebP; convert it to one")
