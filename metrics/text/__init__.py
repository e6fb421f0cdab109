"""Metrics that compare texts: ROUGE and answers to questions."""
