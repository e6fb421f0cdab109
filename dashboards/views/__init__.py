"""The pages; importing one of these modules draws nothing."""
