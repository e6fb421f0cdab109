"""The Streamlit dashboard: calls, traces and experiments, read from the stores."""
