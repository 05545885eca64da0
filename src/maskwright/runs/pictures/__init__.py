"""The pictures of a run: panels during its training, and on its page samples and the worst images with their errors."""
