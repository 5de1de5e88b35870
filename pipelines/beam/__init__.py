"""Beam transforms, one per step; each only forwards to the pure functions."""
