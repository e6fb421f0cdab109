"""Metrics of retrieval and of answers made from what was retrieved."""
