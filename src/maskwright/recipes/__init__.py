"""Recipes: one validated YAML file states a whole experiment."""
