"""What people type and read in a terminal: words taken as meant, errors of usage, and the standard streams."""
