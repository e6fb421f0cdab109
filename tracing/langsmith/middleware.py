"""What ``langsmith.middleware`` has."""

from evalhub.tracing.integrations.asgi import TracingMiddleware

__all__ = ["TracingMiddleware"]
