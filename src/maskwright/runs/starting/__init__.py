"""How a run starts: options by its weights, the extension of a finished run, and the figures for a fitted recipe."""
