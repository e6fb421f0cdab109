"""``evalhub llm serve`` as people run it."""

import re
import signal
import subprocess
import sys

import pytest
from openai import OpenAI

PROGRAM = "from evalhub.cli import main; main()"
COMMAND = [sys.executable, "-u", "-c", PROGRAM, "llm", "serve", "--port", "0"]


@pytest.mark.model
def test_serve_prints_its_address_and_ends_on_ctrl_c() -> None:
    """The printed address answers, and Ctrl-C ends it with exit code 0."""
    with subprocess.Popen([*COMMAND, "--context", "512"], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/v1", run.stdout.readline())
        assert found is not None
        with OpenAI(base_url=found[0], api_key="none") as client:
            assert [model.id for model in client.models.list()] == ["smollm2"]
        run.send_signal(signal.SIGINT)
        assert run.wait(30) == 0


def test_serve_without_the_model_says_how_to_get_it() -> None:
    """The error is one line with the command to run, and exit code 2."""
    done = subprocess.run(COMMAND, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "evalhub models pull smollm2" in done.stderr
