"""The ways in: so far the terminal. Wires everything; holds no arithmetic."""
