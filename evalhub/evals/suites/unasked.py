"""A model that is named and never asked, for what only looks at a suite."""

from collections.abc import Mapping, Sequence
from typing import Any

from evalhub.errors import BudgetSpentError
from evalhub.llm.client import Completion, PromptClient

__all__ = ["Unasked"]


class Unasked:
    """Stands where *client* would ask: the same model and address, and no answer."""

    def __init__(self, client: PromptClient) -> None:
        self._client = client

    @property
    def model(self) -> str:
        """Name of the model that would answer."""
        return self._client.model

    @property
    def base_url(self) -> str:
        """Address of the endpoint; empty where the client has none."""
        return str(getattr(self._client, "base_url", ""))

    def complete(self, messages: Sequence[Mapping[str, Any]], **settings: Any) -> Completion:
        """Refuse, as where nothing may be spent.

        Raises:
            BudgetSpentError: always; a judge makes an unscored example of it.
        """
        del messages, settings
        raise BudgetSpentError(f"{self.model} is not asked while a suite is only looked at")
