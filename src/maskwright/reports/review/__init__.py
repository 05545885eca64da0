"""The page of a review: suspected label errors as pictures, decided by keyboard."""
