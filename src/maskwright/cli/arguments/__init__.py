"""The arguments that commands share, and the words in which settings may be typed."""
