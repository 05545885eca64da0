"""Which images are used: subsets, stratified splits, samples and leak groups."""
