"""Workflows: one file per command; the only rooms that know all the others."""
