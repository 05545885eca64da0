"""Why another tool gives other numbers for the same predictions: the change of the protocol that explains them."""
