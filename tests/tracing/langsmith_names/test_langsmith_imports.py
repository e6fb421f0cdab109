"""Every name that programs import from langsmith's SDK is here under the same path."""

import importlib

import pytest

NAMES = {
    "": "AsyncClient Client ContextThreadPoolExecutor EvaluationResult RunEvaluator RunTree "
    "aevaluate evaluate get_current_run_tree get_tracing_context trace traceable "
    "tracing_context uuid7",
    ".anonymizer": "create_anonymizer",
    ".client": "Client",
    ".evaluation": "EvaluationResult EvaluationResults RunEvaluator aevaluate evaluate",
    ".middleware": "TracingMiddleware",
    ".run_helpers": "as_runnable ensure_traceable get_current_run_tree get_tracing_context "
    "is_traceable_function trace traceable tracing_context",
    ".run_trees": "RunTree",
    ".schemas": "Attachment DataType Dataset Example ExampleCreate Feedback FeedbackSourceBase "
    "Run RunBase RunLikeDict RunTypeEnum SCORE_TYPE TracerSession UsageMetadata VALUE_TYPE",
    ".utils": "ContextThreadPoolExecutor LangSmithAPIError LangSmithError get_env_var "
    "get_tracer_project is_env_var_truish is_truish log_once tracing_is_enabled",
    ".wrappers": "wrap_anthropic wrap_openai",
}
CASES = [(module, name) for module, names in NAMES.items() for name in names.split()]


# langsmith's own, at the import of its wrappers.
@pytest.mark.filterwarnings("ignore:langsmith.wrappers._openai_agents is deprecated")
@pytest.mark.parametrize(("module", "name"), CASES)
def test_the_same_name_at_the_same_place(module: str, name: str) -> None:
    """It is in langsmith's SDK, and it is here."""
    theirs = importlib.import_module(f"langsmith{module}")
    ours = importlib.import_module(f"evalhub.tracing.langsmith{module}")
    assert hasattr(theirs, name)
    assert hasattr(ours, name)
