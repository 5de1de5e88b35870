"""What a draw and its answers are for: the values of the column `purpose`."""

from __future__ import annotations

VERIFY = "verify"  # to check predictions
TRAIN = "train"  # to label rows that a model learns from
