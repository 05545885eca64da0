"""Exports of a trained model: the file that is made, and the certificate that it answers as the model does."""
