"""Fixtures of the tests that load modules of Hugging Face evaluate."""

import importlib
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def evaluate_offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep evaluate's files out of the user's home, and the hub out of the tests.

    One folder for the session: evaluate imports modules from the folder of its first one.
    """
    evaluate = importlib.import_module("evaluate")
    folder = tmp_path_factory.mktemp("evaluate")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluate.config, "HF_METRICS_CACHE", folder / "metrics")
        patch.setattr(evaluate.config, "HF_MODULES_CACHE", str(folder / "modules"))
        patch.setattr(evaluate.config, "HF_EVALUATE_OFFLINE", True)
        yield
