"""Engines: each maps the same fragment function over pieces of data."""
