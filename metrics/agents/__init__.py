"""Metrics of tool calls and of the path that an agent took."""
