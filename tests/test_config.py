"""Settings come from variables, then evalhub.toml, then defaults."""

from pathlib import Path

import pytest

from evalhub.config import load_settings
from evalhub.errors import ConfigError


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test where there is no evalhub.toml."""
    monkeypatch.chdir(tmp_path)


def test_defaults_live_in_one_home() -> None:
    """With nothing set, everything is kept under the home folder."""
    settings = load_settings({"EVALHUB_HOME": "/srv/evalhub"})
    assert settings.url == "sqlite:////srv/evalhub/evalhub.db"
    assert settings.mlflow_url == "sqlite:////srv/evalhub/mlflow.db"
    assert settings.models == Path("/srv/evalhub/models")
    assert settings.project == "default"
    assert settings.tracing


def test_variable_wins_over_file(tmp_path: Path) -> None:
    """A variable overrides the file; what it leaves alone comes from the file."""
    (tmp_path / "evalhub.toml").write_text('project = "shop"\ntracing = false\n')
    settings = load_settings({"EVALHUB_PROJECT": "bakery"})
    assert settings.project == "bakery"
    assert not settings.tracing


@pytest.mark.parametrize("text", ["1", "true", "Yes", " on "])
def test_true_words(text: str) -> None:
    """The usual words switch tracing on."""
    assert load_settings({"EVALHUB_TRACING": text}).tracing


@pytest.mark.parametrize("text", ["0", "false", "NO", "off"])
def test_false_words(text: str) -> None:
    """The usual words switch tracing off."""
    assert not load_settings({"EVALHUB_TRACING": text}).tracing


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("projct = 'x'", "unknown key 'projct'"),
        ("project = 3", "project must be a string, not 3"),
        ("project = ", "cannot read"),
        ("tracing = 'maybe'", "'maybe'; use true or false"),
    ],
)
def test_bad_file_is_one_clear_line(tmp_path: Path, content: str, message: str) -> None:
    """The error names the file or variable and the value."""
    (tmp_path / "evalhub.toml").write_text(content)
    with pytest.raises(ConfigError, match=message):
        load_settings({})


def test_named_file_must_exist() -> None:
    """A file named on purpose may not be absent."""
    with pytest.raises(ConfigError, match=r"'nowhere\.toml', which does not exist"):
        load_settings({"EVALHUB_CONFIG": "nowhere.toml"})


def test_a_home_that_cannot_be_found_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative home in a working folder that is gone, and the home of nobody."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for home in ("here", "~nobody_of_this_name/x"):
        with pytest.raises(ConfigError, match=f"{home}.*set EVALHUB_HOME to an absolute path"):
            load_settings({"EVALHUB_HOME": home})
