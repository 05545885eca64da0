"""Outputs of commands: nothing is replaced but what the same command wrote, and nothing appears before all is done."""
