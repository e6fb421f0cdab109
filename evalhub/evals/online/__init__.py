"""Score a sample of new traces, and raise an alert when a mean leaves its band."""
