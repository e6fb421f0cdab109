"""Metrics that compare meanings by the vectors of a local encoder."""
