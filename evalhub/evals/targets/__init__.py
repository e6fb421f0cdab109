"""What an evaluation calls."""
