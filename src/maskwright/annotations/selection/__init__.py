"""Selection of images: rules, subsets, stratified splits, samples and groups that a user gives."""
