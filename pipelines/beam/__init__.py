"""Beam composites, one per step: typed, labelled, and without a decision of their own."""
