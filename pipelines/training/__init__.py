"""The rows that a model is fitted on and measured with."""
