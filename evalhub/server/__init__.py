"""The collector: takes spans over HTTP and puts them into the store."""

from evalhub.server.app import create_app

__all__ = ["create_app"]
