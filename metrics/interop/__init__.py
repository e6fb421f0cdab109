"""Metrics of other packages here, and ours in other packages."""
