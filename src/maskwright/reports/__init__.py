"""Reports: the pages of runs, sweeps, transfers and data sets, with their tables, plots and pictures."""
