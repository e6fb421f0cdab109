"""Pages with nothing on them yet: they say what to run."""

import streamlit as st

__all__ = ["no_runs", "no_traces", "nothing_matches"]

_TRACE = """import evalhub

@evalhub.traceable
def answer(question: str) -> str:
    return "Paris"

answer("What is the capital of France?")
"""

_SUITE = """name: capitals
dataset: {path: capitals.jsonl, id: id, inputs: [question], reference: answer}
targets:
  baseline: {function: mypkg.app:answer}
metrics: [rouge1, rougeLsum]
"""


def no_traces() -> None:
    """Say how a first trace is recorded."""
    st.subheader("No traces yet")
    st.write("Decorate a function and call it; its calls appear here within a second.")
    st.code(_TRACE, language="python")
    st.write("Or fill this page with a real example, run on the embedded model:")
    st.code("evalhub demo", language="bash")


def no_runs() -> None:
    """Say how a first experiment is run."""
    st.subheader("No experiments yet")
    st.write("Describe what to evaluate in a suite file:")
    st.code(_SUITE, language="yaml")
    st.write("Run it; run it again after a change, and compare the two here.")
    st.code("evalhub eval run capitals.yaml", language="bash")


def nothing_matches(advice: str) -> None:
    """Say that the filters leave nothing, and what to change."""
    st.info(advice, icon=":material/filter_alt_off:")
