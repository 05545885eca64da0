"""Workflows: the function behind each command, one file a command."""
