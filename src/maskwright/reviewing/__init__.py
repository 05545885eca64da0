"""Suspected label errors: found by the predictions of a model that did not learn them, shown, decided, handed on."""
