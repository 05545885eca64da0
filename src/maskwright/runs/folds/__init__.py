"""Folds of the data of a recipe: every image is predicted by the one model of K that did not learn it."""
