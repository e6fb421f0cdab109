"""Files, images and audio of a wrapped client's calls are kept as attachments."""

from pathlib import Path
from typing import Any

import openai
import pytest

from evalhub.tracing import wrap_openai
from evalhub.tracing.testing import Recorder


def client_of(fake: Any) -> openai.OpenAI:
    """Return a wrapped client that talks to the fake."""
    plain = fake.keep(openai.OpenAI(api_key="k", base_url=fake.url, max_retries=0))
    wrapped: openai.OpenAI = wrap_openai(plain)
    return wrapped


def _upload(client: Any, file: Any) -> None:
    client.audio.transcriptions.create(model="hear-x", file=file)


@pytest.mark.parametrize("kind", ["bytes", "path", "tuple", "open"])
def test_uploaded_file_is_an_attachment(
    recorder: Recorder, fake: Any, tmp_path: Path, kind: str
) -> None:
    """A file goes to the server as it is, and is kept with the span."""
    path = tmp_path / "a.mp3"
    path.write_bytes(b"ID3 sound")
    client = client_of(fake)
    if kind == "open":
        with path.open("rb") as file:
            _upload(client, file)
    else:
        _upload(
            client, {"bytes": b"ID3 sound", "path": path, "tuple": ("a.mp3", b"ID3 sound")}[kind]
        )
    (attachment,) = recorder.span("OpenAITranscription").attachments
    assert attachment.data == b"ID3 sound"
    assert b"ID3 sound" in fake.asked[0][1]


def test_images_and_audio_are_attachments(recorder: Recorder, fake: Any) -> None:
    """Images in questions and answers are kept once as bytes, not as base64 in the payloads."""
    client = client_of(fake)
    image = client.images.generate(model="image-x", prompt="a cat").data
    assert image
    picture = image[0].b64_json or ""
    part = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}}
    question: Any = [{"role": "user", "content": [{"type": "text", "text": "what?"}, part]}]
    client.chat.completions.create(model="m", messages=question)
    assert fake.asked[1][1]["messages"] == question
    for span in recorder.spans:
        assert [attachment.mime_type for attachment in span.attachments] == ["image/png"]
        assert picture.encode() not in (span.inputs or b"") + (span.outputs or b"")
