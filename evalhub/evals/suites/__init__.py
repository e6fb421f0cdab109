"""Suite files: what they say, and what they make."""
