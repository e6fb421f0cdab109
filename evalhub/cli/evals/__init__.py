"""The commands under ``evalhub eval``, a file each."""
