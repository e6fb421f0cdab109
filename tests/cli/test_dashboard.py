"""``evalhub dashboard`` before Streamlit takes over."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit import config

from evalhub.cli.dashboard import streamlit_arguments


def evalhub(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command and return what it said."""
    code = "from evalhub.cli import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_a_taken_port_is_one_line() -> None:
    """The message names the address and the option."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = evalhub("dashboard", "--no-browser", "--port", str(port))
    assert said.returncode == 2
    assert said.stderr.startswith(
        f"error: cannot listen on 127.0.0.1:{port} (address already in use)"
    )
    assert "--port" in said.stderr
    assert said.stderr.count("\n") == 1


def test_an_address_of_another_machine_is_one_line() -> None:
    """A host that is not ours is refused before Streamlit starts."""
    said = evalhub("dashboard", "--no-browser", "--host", "192.0.2.1")
    assert said.returncode == 2
    assert said.stderr.startswith("error: cannot listen on 192.0.2.1:8501")


def test_a_bad_setting_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings are read before the page is, where the terminal still shows the error."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "evalhub.toml").write_text('hom = "x"\n', encoding="utf-8")
    monkeypatch.chdir(folder)
    said = evalhub("dashboard", "--no-browser", "--port", "8599")
    assert said.returncode == 2
    assert "unknown key 'hom'" in said.stderr


def test_help_does_not_load_streamlit() -> None:
    """``--help`` answers at once."""
    code = (
        "import sys; from evalhub.cli import main; sys.argv = ['evalhub', 'dashboard', '--help']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print('streamlit' in sys.modules, 'mlflow' in sys.modules)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout.strip().splitlines()[-1] == "False False"


def test_every_option_is_one_that_streamlit_knows() -> None:
    """An option that Streamlit renamed would stop it with a usage error."""
    flags = streamlit_arguments(host="127.0.0.1", port=1, browser=False)[4:]
    names = {flag.removeprefix("--").partition("=")[0] for flag in flags}
    assert names <= set(config.get_config_options())


def test_nothing_is_reported_to_streamlit() -> None:
    """Usage statistics are off, and no file watcher runs."""
    flags = streamlit_arguments(host="127.0.0.1", port=1, browser=True)
    assert "--browser.gatherUsageStats=false" in flags
    assert "--server.headless=false" in flags
