"""Metrics of what must not be said."""
