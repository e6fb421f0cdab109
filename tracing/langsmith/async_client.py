"""What ``langsmith.async_client`` has."""

import asyncio
from typing import Any, Self

from evalhub.tracing.langsmith.client import Client
from evalhub.tracing.langsmith.schemas import Feedback

__all__ = ["AsyncClient"]


class AsyncClient(Client):
    """The client whose methods are awaited."""

    async def create_run(self, *args: Any, **fields: Any) -> None:  # type: ignore[override]  # awaited, as LangSmith's
        """Open a run; see :meth:`Client.create_run`."""
        super().create_run(*args, **fields)

    async def update_run(self, run_id: Any, **fields: Any) -> None:  # type: ignore[override]  # awaited, as LangSmith's
        """Record the end of a run; see :meth:`Client.update_run`."""
        super().update_run(run_id, **fields)

    async def create_feedback(self, *args: Any, **fields: Any) -> Feedback:  # type: ignore[override]  # awaited, as LangSmith's
        """Record a score; see :meth:`Client.create_feedback`."""
        return super().create_feedback(*args, **fields)

    async def aclose(self) -> None:
        """Wait until what has ended is stored."""
        await asyncio.to_thread(self.flush)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.aclose()
