"""Query models and transformers of the library transformers, built from their configuration alone.

The library has networks, matchers and losses; nothing of it is imported before one of these models is built, and
nothing is fetched. Docstrings here also write Q for the queries of an image and L for the layers that predict masks.
"""
