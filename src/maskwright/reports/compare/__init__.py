"""The page and the text of a comparison of models."""
