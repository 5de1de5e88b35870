"""Formats of files: CSV and JSON Lines as text, and the numbered rules by which they are read."""
