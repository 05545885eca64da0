"""The page of `maskwright explore`: the classes, sizes, images and overlaps of a data set."""
