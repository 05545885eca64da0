"""A trained model as a file of another runtime, and the measures by which the two answer alike."""
