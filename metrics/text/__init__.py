"""Metrics that compare texts by their words and characters."""
