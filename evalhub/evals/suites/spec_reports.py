"""The reports of a suite file."""

from pathlib import Path

from pydantic import Field

from evalhub.evals.reports.paths import ReportPaths
from evalhub.evals.suites.spec import Spec, Text

__all__ = ["ReportsSpec"]


class ReportsSpec(Spec):
    """Files that each run writes; paths start from the suite file's folder."""

    html: Text | None = None
    """One page that opens offline."""
    markdown: Text | None = None
    """For a comment on a pull request."""
    junit: Text | None = None
    """JUnit XML, a test case for each gate."""
    json_: Text | None = Field(default=None, alias="json")
    """Everything that the other forms show."""

    def paths(self, folder: Path) -> ReportPaths:
        """Return where the reports go when paths start from *folder*."""
        named = {
            "html": self.html,
            "markdown": self.markdown,
            "junit": self.junit,
            "json": self.json_,
        }
        return ReportPaths(**{name: folder / path for name, path in named.items() if path})
