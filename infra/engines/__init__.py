"""Engines: each maps the same fragment function over splits of data."""
