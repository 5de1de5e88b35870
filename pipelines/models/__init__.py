"""Models as packages: evaluators, manifests, signatures and golden rows."""
