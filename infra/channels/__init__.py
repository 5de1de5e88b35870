"""Channels: where alerts are sent. Settings name them; each kind is one file here."""
