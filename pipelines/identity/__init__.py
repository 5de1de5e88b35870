"""Keyed hashes, the ids made of them, and digests of rows."""
