"""Compare experiments and decide."""
