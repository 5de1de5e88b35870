"""Questions: the row as people see it, the label configuration, and the task that asks."""
