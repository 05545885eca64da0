"""The tested versions of the libraries, with the hashes of their files."""
