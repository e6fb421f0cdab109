"""Which endpoint the environment names."""

import pytest

from evalhub.errors import ConfigError
from evalhub.llm.endpoint import Endpoint, open_endpoint, resolve_endpoint


def test_nothing_named_means_the_embedded_model() -> None:
    """Without variables there is no endpoint, and the embedded model is meant."""
    assert resolve_endpoint({}) is None


def test_empty_variables_name_nothing() -> None:
    """A variable set to the empty string counts as unset, as shells make it easy to do."""
    assert resolve_endpoint({"OPENAI_BASE_URL": "", "OPENAI_API_KEY": ""}) is None


def test_key_alone_means_openai_and_a_small_model() -> None:
    """A key without an address is for OpenAI's own service."""
    endpoint = resolve_endpoint({"OPENAI_API_KEY": "sk-1"})
    assert endpoint is not None
    assert endpoint.is_openai
    assert endpoint.model.endswith("-mini")


def test_own_server_needs_no_key() -> None:
    """A server of one's own is asked by address and model name."""
    endpoint = resolve_endpoint({"OPENAI_BASE_URL": "http://h:1/v1", "EVALHUB_MODEL": "m"})
    assert endpoint == Endpoint("http://h:1/v1", "m")
    assert not endpoint.is_openai


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"OPENAI_BASE_URL": "localhost:1", "EVALHUB_MODEL": "m"}, "localhost:1.*http://"),
        ({"OPENAI_BASE_URL": "http://h:1/v1"}, "EVALHUB_MODEL"),
        ({"OPENAI_BASE_URL": "https://api.openai.com/v1/"}, "OPENAI_API_KEY"),
    ],
)
def test_unusable_settings_are_refused(environ: dict[str, str], said: str) -> None:
    """What cannot work is said at once, with the value and the variable to set."""
    with pytest.raises(ConfigError, match=said):
        resolve_endpoint(environ)


def test_key_does_not_show_in_repr() -> None:
    """A logged endpoint does not give its key away."""
    assert "sk-secret" not in repr(Endpoint("http://h/v1", "m", "sk-secret"))


def test_open_endpoint_gives_the_named_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """No model is started when the environment names an endpoint."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://h:1/v1")
    monkeypatch.setenv("EVALHUB_MODEL", "m")
    with open_endpoint() as endpoint:
        assert endpoint.base_url == "http://h:1/v1"
