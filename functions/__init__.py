"""The ways in, so far the terminal: wires everything, and holds no arithmetic."""
