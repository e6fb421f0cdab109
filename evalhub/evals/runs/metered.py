"""A chat client whose every request is counted, and made only while the budget lasts."""

from collections.abc import Mapping, Sequence
from typing import Any

from evalhub.errors import EmptyAnswerError
from evalhub.evals.runs.budget import Cost
from evalhub.evals.runs.ledger import Ledger, Ticket
from evalhub.evals.runs.tariff import Tariff
from evalhub.llm.client import ChatClient, Completion

__all__ = ["MeteredChat"]


class MeteredChat:
    """Asks *client* with leave of *ledger*; for targets and judges alike.

    Raises:
        ConfigError: the budget is in dollars, and the model's price is not known.
    """

    def __init__(self, client: ChatClient, ledger: Ledger) -> None:
        self._client = client
        self._ledger = ledger
        self._tariff = Tariff.of(client)
        self._kind = f"{client.model} at {self.base_url}"
        if ledger.budget.usd is not None:
            self._tariff.check(client.model)

    @property
    def model(self) -> str:
        """Name of the model that answers."""
        return self._client.model

    @property
    def base_url(self) -> str:
        """Address of the endpoint; empty where the client has none."""
        return str(getattr(self._client, "base_url", ""))

    @property
    def tariff(self) -> Tariff:
        """What its requests cost."""
        return self._tariff

    def complete(self, messages: Sequence[Mapping[str, Any]], **settings: Any) -> Completion:
        """Return the answer of the client, which takes the same arguments.

        Raises:
            BudgetSpentError: it may not be asked any more.
            ModelError: as the client says.
        """
        limited = self._ledger.budget.counts_cost
        bound = self._tariff.bound(messages, settings) if limited else None
        ticket = self._ledger.reserve(self._kind, bound)
        try:
            answer = self._client.complete(messages, **settings)
        except BaseException as error:
            self._ledger.settle(ticket, _cost_of_failure(error, ticket), was_answered=False)
            raise
        known = answer.usage is not None and answer.usage.output_tokens is not None
        cost = (
            self._tariff.cost(answer.usage)
            if known and answer.usage is not None
            else self._tariff.guess(messages, answer)
        )
        self._ledger.settle(ticket, cost)
        return answer


def _cost_of_failure(error: BaseException, ticket: Ticket) -> Cost:
    """Return what a failed request may have cost: an error status is free, silence may not be."""
    was_late = "Timeout" in type(error.__cause__).__name__
    return ticket.aside if was_late or isinstance(error, EmptyAnswerError) else Cost()
