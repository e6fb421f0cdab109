"""Metrics of form: patterns, JSON, code, classes, and what a call took."""
