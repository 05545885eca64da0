"""The page of `maskwright explore`: what a data set holds."""
