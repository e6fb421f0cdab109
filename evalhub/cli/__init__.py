"""The ``evalhub`` command: one file a group."""

from evalhub.cli.app import main

__all__ = ["main"]
