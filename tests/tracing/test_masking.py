"""Rules of masking: what the ready sets find, in payloads, texts and what was cut."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.errors import ConfigError
from evalhub.tracing.encode import cut, encode
from evalhub.tracing.mask import Masker
from evalhub.tracing.rules import READY, KeyRule, TextRule, parse_mask

READY_MASKER = Masker(parse_mask(True))
TAIL = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"
SECRETS = [
    *(f"{start}{TAIL}" for start in ("sk-", "sk-proj-", "sk-ant-api03-", "sk-lf-", "gsk_", "xai-")),
    *(f"{start}{TAIL}" for start in ("hf_", "ghp_", "github_pat_", "glpat-", "AIza", "xoxb-")),
    *(f"{start}{TAIL}" for start in ("lsv2_pt_", "sk_live_", "pypi-", "npm_", "pplx-", "nvapi-")),
    "AKIAIOSFODNN7EXAMPLE",
    JWT,
    PEM,
]


def masked(text: str) -> str:
    """Return *text* as it comes out of a payload that holds it."""
    payload = READY_MASKER.payload(encode({"output": text}))
    output = json.loads(payload)["output"]
    assert isinstance(output, str)
    return output


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("around", ["{}", "the key is {}.", "a\n{}\nb", '{{"x": "{}"}}', "({})"])
def test_credentials_are_found_by_their_shape(secret: str, around: str) -> None:
    """A credential is masked wherever it stands, also behind an escaped line break."""
    text = around.format(secret)
    for seen in (masked(text), READY_MASKER.text(json.dumps(text))):
        assert secret not in seen
        assert TAIL[:20] not in seen
        assert "[masked" in seen


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("password=hunter2", "password=[masked]"),
        ("{'password': 'hunter2', 'x': 1}", "{'password': '[masked]', 'x': 1}"),
        ('{"apiKey": "a b", "n": 1}', '{"apiKey": "[masked]", "n": 1}'),
        ('{"a": "{\\"api_key\\": \\"abc\\"}"}', '{"a": "{\\"api_key\\": \\"[masked]\\"}"}'),
        ('secret: "it\\"s mine" end', 'secret: "[masked]" end'),
        ("OPENAI_API_KEY=abc\nX=1", "OPENAI_API_KEY=[masked]\nX=1"),
        ("Authorization: Basic dXNl cjpw\nAccept: x", "Authorization: [masked]\nAccept: x"),
        ("Cookie: a=b; c=d", "Cookie: [masked]"),
        ("Bearer abcdefgh1234", "Bearer [masked token]"),
        ("def f(password: str = 'x'):", "def f(password: str = '[masked]'):"),
        ("postgresql://bob:pw@host/db", "postgresql://bob:[masked]@host/db"),
        ("https://x.com/?api_key=abc&y=1", "https://x.com/?api_key=[masked]&y=1"),
        ("client_secret='cut here", "client_secret='[masked]"),
        ("ask bob.smith+x@mail.example.com", "ask [masked email]"),
    ],
)
def test_what_follows_a_name_is_masked_in_text(text: str, expected: str) -> None:
    """Names with a value are found in prose, code, headers, URLs and JSON within JSON."""
    assert masked(text) == expected
    assert masked(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "the task-oriented-learning-approach-is-good",
        "secretary: Bob; tokenizer: x; max_tokens=100; keyboard: qwerty",
        "lodash@4.17.21 and @decorator",
        "password: None, secret=true",
        "the bearer of good news",
        "https://example.com:8080/path@2x",
        "a key idea: be kind",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    """Words that only look like names or credentials are left alone."""
    assert masked(text) == text


def test_values_below_a_name_are_masked_however_deep() -> None:
    """Any value of a named key is replaced; what says nothing is not."""
    value = {
        "a": [{"dbPassword": "x", "credentials": {"user": "u", "n": 1}, "PWD": 1234}],
        "headers": [["Authorization", "Basic abc"], ["Accept", "text/html"]],
        "har": [{"name": "X-Api-Key", "value": "abc"}, {"name": "q", "value": "v"}],
        "api_key": None,
        "secret": True,
        "password": "",
        "logprobs": [{"token": " hello", "logprob": -0.5}],
        "token": TAIL,
        "usage": {"input_tokens": 3},
        "bob@example.com": 1,
    }
    assert json.loads(READY_MASKER.payload(encode(value))) == {
        "a": [{"dbPassword": "[masked]", "credentials": "[masked]", "PWD": "[masked]"}],
        "headers": [["Authorization", "[masked]"], ["Accept", "text/html"]],
        "har": [{"name": "X-Api-Key", "value": "[masked]"}, {"name": "q", "value": "v"}],
        "api_key": None,
        "secret": True,
        "password": "",
        "logprobs": [{"token": " hello", "logprob": -0.5}],
        "token": "[masked]",
        "usage": {"input_tokens": 3},
        "[masked email]": 1,
    }


def test_descriptions_of_a_value_stay() -> None:
    """A tool's parameter called "password" is described, not given; a default is a value."""
    schema = {"type": "string", "description": "of the user"}
    value = {"properties": {"password": schema, "api_key": {"type": "string", "default": "abc"}}}
    assert json.loads(READY_MASKER.payload(encode(value))) == {
        "properties": {"password": schema, "api_key": "[masked]"}
    }


def test_cards_are_masked_when_their_check_digit_is_right() -> None:
    """Card numbers go, written as text or as a number; other long numbers stay."""
    masker = Masker(parse_mask("cards"))
    value = {"a": "4111 1111 1111 1111", "b": 4111111111111111, "c": "4111 1111 1111 1112"}
    assert json.loads(masker.payload(encode(value))) == {
        "a": "[masked card number]",
        "b": "[masked card number]",
        "c": "4111 1111 1111 1112",
    }


def test_payload_without_a_match_is_the_same_object() -> None:
    """Nothing is decoded or copied where nothing can match."""
    payload = encode({"prompt": "an ordinary question", "n": 3})
    assert READY_MASKER.payload(payload) is payload


@pytest.mark.parametrize(
    "payload", [rb'{"a": "\u0062ob@example.com"}', rb'{"a": "\u0073k-' + TAIL.encode() + rb'"}']
)
def test_escapes_hide_nothing(payload: bytes) -> None:
    """JSON that another program wrote may escape any character."""
    assert b"[masked" in READY_MASKER.payload(payload)


@pytest.mark.parametrize("kept", range(40, 120))
def test_half_a_secret_does_not_survive_the_cut(kept: int) -> None:
    """Where a payload was cut, the last word goes: it may be the start of a secret."""
    value = {"text": f"The key that you asked for is: sk-proj-{TAIL}", "password": "hunter2 x y"}
    payload = READY_MASKER.payload(cut(encode(value), kept * 2))
    start = json.loads(payload)["start"]
    assert "sk-" not in start
    assert "hunter" not in start


@pytest.mark.parametrize("limit", range(60, 260, 7))
def test_names_work_inside_a_cut_payload(limit: int) -> None:
    """The start of a cut payload is text, in which the values of names are masked too."""
    inner = json.dumps({"password": "hunter2 is long"})
    value = {"a": "x" * 20, "api_key": "abc def", "arguments": inner, "tail": "y" * 500}
    start = json.loads(READY_MASKER.payload(cut(encode(value), limit)))["start"]
    assert not {"abc", "hunter2", "long"} & {*re.findall(r"\w+", start)}


def test_own_rules() -> None:
    """A team's own patterns and names work, as does a function over the decoded payload."""

    def without_names(payload: Any) -> Any:
        return {**payload, "who": "somebody"}

    masker = Masker(
        parse_mask(
            [
                TextRule(r"\bP-\d{4}\b", lambda match: match[0][:3] + "***"),
                KeyRule(("patient", "diagnosé"), replacement="(private)"),
                without_names,
                "emails",
            ]
        )
    )
    payload = encode({"who": "Bob", "note": "P-1234 b@x.org", "DIAGNOSÉ": 1, "n": 2, "patient": 3})
    assert json.loads(masker.payload(payload)) == {
        "who": "somebody",
        "note": "P-1*** [masked email]",
        "DIAGNOSÉ": "(private)",
        "n": 2,
        "patient": "(private)",
    }


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        ("secret", "mask names 'secret'; use true, false or keys, secrets, emails, cards"),
        (TextRule("("), "mask: '(' is not a regular expression"),
        (KeyRule(("",)), "mask: KeyRule names ('',); each name needs a letter"),
        (KeyRule("password"), "mask: KeyRule names 'password'; give a tuple"),  # type: ignore[arg-type]  # the mistake
        ([3], "mask has a int; use a TextRule, a KeyRule or a function"),
    ],
)
def test_wrong_rules_are_refused(mask: Any, message: str) -> None:
    """A rule that cannot work is an error when it is given, not a leak later."""
    with pytest.raises(ConfigError, match=re.escape(message)):
        Masker(parse_mask(mask))


def test_names_of_ready_sets() -> None:
    """Sets are named with commas between them; ``true`` is the usual three."""
    usual = [*READY["keys"], *READY["secrets"], *READY["emails"]]
    assert [*parse_mask("true, cards")] == [*usual, *READY["cards"]]
    assert parse_mask("off") == parse_mask(False) == ()


HARD = [
    *("sk-", "eyJ", "a@", "a.b@", "password", "password=", "password: ", "://a:", "bearer "),
    *("-----BEGIN PRIVATE KEY-----", 'password\\":', "password='\\", "token = ", "4 1 1 ", "AKIA"),
    *("password={", "hf_aaaaaaaaaaaaaaaaaaa.", "SG.aaaaaaaaaaaaaaaa.", "api_key: str", "\\", '"'),
    *("AKIA_-ghp_", "ghp_-----", "-----AKIAsk------", "éeyJghp_"),
]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("piece", HARD)
def test_time_grows_with_the_length_only(piece: str) -> None:
    """No text makes an expression backtrack: one that did would need hours for these."""
    masker = Masker(parse_mask("true,cards"))
    masker.text(piece * (400_000 // len(piece)))
    masker.text("password" + piece * (400_000 // len(piece)))


@given(st.text(), st.sampled_from(SECRETS), st.text())
def test_a_credential_is_masked_whatever_surrounds_it(before: str, secret: str, after: str) -> None:
    """No text before or after a credential, with a space between, protects it."""
    assert secret not in READY_MASKER.text(f"{before} {secret} {after}")


@given(
    st.recursive(
        st.text() | st.integers() | st.none(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_masking_twice_changes_nothing(value: Any) -> None:
    """What was masked once stays as it is: a span may pass here again after a restart."""
    once = READY_MASKER.payload(encode({"value": value, "note": "password=x bob@example.com"}))
    assert READY_MASKER.payload(once) == once
