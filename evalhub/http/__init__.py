"""Requests to other hosts: endpoints of models, and targets of any kind."""

from evalhub.http.retry import Pause, Retries, let_wait, pause_before_retry, status_of
from evalhub.http.sending import HttpAnswer, HttpStatusError, exchange

__all__ = [
    "HttpAnswer",
    "HttpStatusError",
    "Pause",
    "Retries",
    "exchange",
    "let_wait",
    "pause_before_retry",
    "status_of",
]
