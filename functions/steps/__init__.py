"""The steps of the loop, one file per command."""
