"""Batches of a job: discovery, attempts at scoring, and publication."""
