"""Messages with roles, conversations so far, and images."""

import base64
import struct
import zlib
from pathlib import Path

import pytest

from evalhub.errors import ConfigError
from evalhub.evals.targets.conversation import Conversation
from evalhub.evals.targets.images import image_parts


def png() -> bytes:
    """Return a real image: one grey pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + chunk(b"IDAT", zlib.compress(b"\0\x80"))
        + chunk(b"IEND", b"")
    )


def test_messages_keep_their_roles_and_order() -> None:
    """Each message is filled; fields beside role and content go along."""
    conversation = Conversation(
        [
            {"role": "system", "content": "Be {tone}."},
            {"role": "user", "content": "{{x}} 1+1?"},
            {"role": "assistant", "content": "2", "name": "bot"},
            {"role": "user", "content": "{question}"},
        ]
    )
    assert conversation.names == {"tone", "question"}
    assert conversation.fill({"tone": "brief", "question": "2+2?"}) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "{x} 1+1?"},
        {"role": "assistant", "content": "2", "name": "bot"},
        {"role": "user", "content": "2+2?"},
    ]


def test_a_system_text_is_no_template() -> None:
    """Braces in it stay, as they always did."""
    conversation = Conversation.of_text("{x}", system="Answer as {json}")
    assert conversation.fill({"x": "a"})[0] == {"role": "system", "content": "Answer as {json}"}


def test_a_conversation_so_far_goes_in_whole() -> None:
    """The messages of an input stand where the prompt names it."""
    history = [{"role": "user", "content": "hi {x}"}, {"role": "assistant", "content": "yes?"}]
    conversation = Conversation([{"input": "history"}, {"role": "user", "content": "{q}"}])
    assert conversation.names == {"history", "q"}
    filled = conversation.fill({"history": history, "q": "go on"})
    assert filled == [*history, {"role": "user", "content": "go on"}]


@pytest.mark.parametrize("value", ["hello", [1], [{"content": "no role"}], None])
def test_a_conversation_of_another_kind_is_refused(value: object) -> None:
    """An input that holds no messages is named."""
    with pytest.raises(ConfigError, match=r"'history' is .* it must be a list of messages"):
        Conversation([{"input": "history"}]).fill({"history": value})


def test_an_image_file_goes_along_as_a_data_uri(tmp_path: Path) -> None:
    """It is a content part of the last message of the user, after its text."""
    (tmp_path / "p.png").write_bytes(png())
    conversation = Conversation(
        [{"role": "user", "content": "Look: {q}"}, {"role": "assistant", "content": "Hm"}],
        images=["image"],
        folder=tmp_path,
    )
    assert conversation.names == {"q", "image"}
    user, assistant = conversation.fill({"q": "what?", "image": "p.png"})
    assert user["content"][0] == {"type": "text", "text": "Look: what?"}
    url = user["content"][1]["image_url"]["url"]
    assert url.startswith("data:image/png;base64,")
    assert base64.b64decode(url.partition(",")[2]) == png()
    assert assistant == {"role": "assistant", "content": "Hm"}


def test_urls_data_uris_lists_and_nothing_are_images_too() -> None:
    """What is no file is passed on; an empty cell is no image."""
    urls = ["https://example.org/a.png", "data:image/png;base64,AAAA"]
    parts = image_parts(urls, Path())
    assert [part["image_url"]["url"] for part in parts] == urls
    assert image_parts(None, Path()) == image_parts("", Path()) == image_parts([], Path()) == []
    plain = Conversation.of_text("{q}", images=["image"])
    assert plain.fill({"q": "?", "image": None}) == [{"role": "user", "content": "?"}]


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
    ],
)
def test_the_kind_of_an_image_is_told_by_its_content(
    tmp_path: Path, head: bytes, kind: str
) -> None:
    """A wrong suffix does no harm."""
    (tmp_path / "x.dat").write_bytes(head)
    (part,) = image_parts("x.dat", tmp_path)
    assert part["image_url"]["url"].startswith(f"data:{kind};base64,")


def test_what_is_no_image_is_refused(tmp_path: Path) -> None:
    """An absent file, another format and a number each say what is wrong."""
    (tmp_path / "t.txt").write_text("text")
    for value, message in (("no.png", "no image"), ("t.txt", "no PNG"), (3, "image is 3")):
        with pytest.raises(ConfigError, match=message):
            image_parts(value, tmp_path)


def test_images_need_a_message_of_the_user() -> None:
    """A prompt of system messages alone is refused when it is made."""
    with pytest.raises(ConfigError, match="images need a message"):
        Conversation([{"role": "system", "content": "x"}], images=["image"])


@pytest.mark.parametrize("message", [{"content": "x"}, {"role": "user"}, {}])
def test_a_message_without_role_or_content_is_refused(message: dict[str, str]) -> None:
    """It is quoted."""
    with pytest.raises(ConfigError, match="needs a role and a content"):
        Conversation([message])
