"""A suite that names a stored version."""

from pathlib import Path

import pytest

from evalhub.errors import DatasetError, SuiteError
from evalhub.evals.datasets.stored import store_dataset
from evalhub.evals.suites.assemble import assemble
from evalhub.evals.suites.suite import load_suite
from evalhub.model import Dataset, Example

FAQ = Dataset(
    "faq",
    tuple(
        Example(str(n), {"question": f"q{n}"}, ("r",), {"lang": ("en", "de")[n % 2], "n": n})
        for n in range(8)
    ),
)


def suite(folder: Path, dataset: str, prompt: str = "{question}?") -> Path:
    """Write a suite over *dataset* whose target is a prompt; return its path."""
    path = folder / "suite.yaml"
    path.write_text(
        f"name: faq\ndataset: {dataset}\nslices: [lang, {{column: n, bins: 2}}]\n"
        f'targets:\n  plain: {{model: m, base_url: "http://127.0.0.1:9", template: "{prompt}"}}\n'
        "metrics: [rouge1]\n"
    )
    return path


def test_a_suite_is_assembled_over_a_stored_version(tmp_path: Path) -> None:
    """It is the stored version, and its inputs are known without being named."""
    store_dataset(FAQ)
    given = load_suite(suite(tmp_path, f"{{stored: faq, version: {FAQ.version[:8]}}}"))
    with assemble(given) as assembly:
        assert assembly.dataset == FAQ
        assert [one.name for one in assembly.slices] == ["lang", "n"]
        assert assembly.slices[1].cuts == (3.0,)


@pytest.mark.parametrize(
    ("dataset", "prompt", "message"),
    [
        ("{stored: faq}", "{query}?", "suite.yaml:5:.*'query', which is not among .*question"),
        ("{stored: faq, inputs: [q]}", "{q}", "suite.yaml:2:.*'inputs' was said when 'faq'"),
        ("{stord: faq}", "{q}", "suite.yaml:2.*unknown key 'stord'; did you mean 'stored'"),
        ("{stored: faqs}", "{q}", "no data set is stored as 'faqs'; did you mean 'faq'"),
        ("{path: x.jsonl, inputs: q}", "{q}", "suite.yaml:2.*dataset.inputs must be a list"),
        ("{path: x.jsonl, reference: 3}", "{q}", "suite.yaml:2.*dataset.reference must be a text"),
        ("{path: x, inputs: [q], where: {a: {b: 1}}}", "{q}", "suite.yaml:2.*dataset.where.a"),
        ("{path: x, inputs: [q], sample: {m: 1}}", "{q}", "unknown key 'm'"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(
    tmp_path: Path, dataset: str, prompt: str, message: str
) -> None:
    """Before anything is called."""
    store_dataset(FAQ)
    path = suite(tmp_path, dataset, prompt)
    with pytest.raises((DatasetError, SuiteError), match=message), assemble(load_suite(path)):
        pass
