"""The budget of a suite file."""

from typing import Annotated

from pydantic import Field

from evalhub.evals.runs.budget import Budget
from evalhub.evals.suites.spec import Spec

__all__ = ["BudgetSpec"]


class BudgetSpec(Spec):
    """What one run may spend on its targets and judges together; see docs/running.md."""

    usd: Annotated[float, Field(gt=0)] | None = None
    """US dollars, by the prices that `evalhub prices list` shows."""
    tokens: Annotated[int, Field(gt=0)] | None = None
    """Tokens, input and output together."""
    minutes: Annotated[float, Field(gt=0)] | None = None
    """Minutes from the start of the command."""

    def budget(self) -> Budget:
        """Return the budget that this describes."""
        return Budget(**self.model_dump())
