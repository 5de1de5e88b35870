"""A Label Studio of this machine, for trying out: installation and server."""
