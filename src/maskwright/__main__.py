"""``python -m maskwright`` is the command line."""

from maskwright.cli.main import script

script()
