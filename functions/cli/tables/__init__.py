"""Short tables of what came out, for people; `--json` has everything."""
