"""Requests to other hosts: endpoints of models, and targets of any kind."""

from evalhub.http.retry import Pause, Retries, let_wait, pause_before_retry, status_of
from evalhub.http.sending import HttpAnswer, HttpStatusError, exchange, is_header

__all__ = [
    "HttpAnswer",
    "HttpStatusError",
    "Pause",
    "Retries",
    "exchange",
    "is_header",
    "let_wait",
    "pause_before_retry",
    "status_of",
]
