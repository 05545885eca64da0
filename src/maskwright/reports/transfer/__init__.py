"""The page of a transfer: models compared on the source and on the targets."""
