"""Tables of the store: their schemas, their files, and the commits that publish them."""
