"""From files to typed rows of batches: fragments, keys, faults and cohorts."""
