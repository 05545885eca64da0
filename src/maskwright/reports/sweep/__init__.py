"""The page of a sweep: the variants of a recipe compared."""
