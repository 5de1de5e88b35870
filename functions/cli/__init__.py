"""The terminal: one thin command per step."""
