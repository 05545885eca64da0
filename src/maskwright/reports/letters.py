"""Letters of names from files: how much room they take, and which a terminal should not be given."""

import unicodedata


def printable(text: str) -> str:
    """``text`` without control characters, with which a name from a file could command the terminal."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def display_width(text: str) -> int:
    """The columns that ``text`` takes: wide letters, as of Chinese, take two, and marks over letters none."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(unicodedata.combining(letter) != 0 for letter in text)
