"""The ways in: terminal and cloud functions. Wires everything; holds no arithmetic."""
