"""Where the forms of a report are written."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

__all__ = ["ReportPaths"]


@dataclass(frozen=True, slots=True)
class ReportPaths:
    """Where the forms of a report go; None is not written."""

    html: Path | None = None
    markdown: Path | None = None
    junit: Path | None = None
    json: Path | None = None

    @classmethod
    def in_folder(cls, folder: Path) -> Self:
        """Return all four, under their usual names."""
        return cls(
            html=folder / "report.html",
            markdown=folder / "report.md",
            junit=folder / "junit.xml",
            json=folder / "report.json",
        )

    def or_else(self, other: "ReportPaths") -> "ReportPaths":
        """Return these paths, and those of *other* where one is None."""
        names = [field.name for field in fields(self)]
        return ReportPaths(**{name: getattr(self, name) or getattr(other, name) for name in names})
