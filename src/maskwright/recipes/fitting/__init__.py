"""Recipes that fit: the choices of a recipe from figures of the data, the machine and a trial, each with its reason."""
