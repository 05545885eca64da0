"""The command line: one file per command, from arguments to a workflow to an exit code.

Nothing heavy is imported before a command runs, so that ``maskwright --help`` is fast.
"""
