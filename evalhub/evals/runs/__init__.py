"""Call targets, score what they gave, keep what was paid for."""
