"""Applications that show the rest: papers summarised, questions answered, both evaluated."""

from evalhub.recipes.corpus import install_corpus
from evalhub.recipes.demo import DemoPlan, DemoResult, run_demo
from evalhub.recipes.papers import Paper, load_papers, summariser, summary_dataset
from evalhub.recipes.rag import Index, Question, answerer, build_index, question_dataset

__all__ = [
    "DemoPlan",
    "DemoResult",
    "Index",
    "Paper",
    "Question",
    "answerer",
    "build_index",
    "install_corpus",
    "load_papers",
    "question_dataset",
    "run_demo",
    "summariser",
    "summary_dataset",
]
