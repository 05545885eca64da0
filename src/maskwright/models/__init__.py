"""Models: the catalogue, the networks, their losses and their weights."""
