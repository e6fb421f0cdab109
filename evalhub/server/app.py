"""The collector's HTTP application."""

import hmac
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from evalhub import __version__
from evalhub.errors import StoreError, StoreUnavailableError
from evalhub.model import Batch
from evalhub.server.native import MAX_BODY_BYTES, BadBatchError, decode
from evalhub.store import Store, open_store
from evalhub.store.batches import add_batch
from evalhub.store.queries import list_projects

__all__ = ["create_app"]

RETRY_AFTER_S = "2"


def create_app(url: str | None = None) -> FastAPI:
    """Return the application over the store at *url* (None: the settings' own).

    With ``EVALHUB_API_KEY`` set, requests that write must carry it as a bearer token.
    """
    app = FastAPI(title="evalhub", version=__version__, lifespan=_lifespan(url))
    app.add_exception_handler(StoreError, _store_failed)

    @app.get("/health")
    async def health(request: Request) -> dict[str, str]:
        """Say that the collector answers and that its store can be read."""
        await run_in_threadpool(_read, request.app.state.store)
        return {"status": "ok", "version": __version__}

    @app.post("/v1/spans", dependencies=[Depends(_authorized)])
    async def spans(
        request: Request, content_encoding: Annotated[str | None, Header()] = None
    ) -> dict[str, int]:
        """Store a batch of spans, scores and a line of the ledger; answer once it is committed."""
        try:
            batch = decode(await _body(request), content_encoding)
        except BadBatchError as error:
            raise HTTPException(400, str(error)) from error
        return {"stored": await run_in_threadpool(_write, request.app.state.store, batch)}

    return app


def _lifespan(url: str | None) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def opened(app: FastAPI) -> AsyncIterator[None]:
        with open_store(url) as app.state.store:
            yield

    return opened


async def _authorized(authorization: Annotated[str, Header()] = "") -> None:
    key = os.environ.get("EVALHUB_API_KEY")
    if key and not hmac.compare_digest(authorization.encode(), f"Bearer {key}".encode()):
        raise HTTPException(401, "send EVALHUB_API_KEY's value as a bearer token")


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise HTTPException(413, f"the body is larger than {MAX_BODY_BYTES} bytes")
    return bytes(body)


def _write(store: Store, batch: Batch) -> int:
    with store.begin() as connection:
        return add_batch(connection, batch)


def _read(store: Store) -> None:
    with store.read() as connection:
        list_projects(connection)


async def _store_failed(request: Request, error: Exception) -> JSONResponse:
    later = isinstance(error, StoreUnavailableError)
    return JSONResponse(
        {"detail": str(error)},
        status_code=503 if later else 500,
        headers={"Retry-After": RETRY_AFTER_S} if later else None,
    )
