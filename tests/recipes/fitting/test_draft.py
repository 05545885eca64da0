"""A draft reads back as what was put in, with the reasons above the keys."""

from pathlib import Path

import yaml

from maskwright.recipes.fitting.draft import Draft


def test_the_text_reads_back_and_reasons_stand_above_their_keys() -> None:
    draft = Draft()
    draft.put("name", "a")
    draft.put("classes", ["no", "ice cream", "8:1"], "three")
    draft.put("model.name", "unet", "small")
    draft.put("model.input", {"size": 96})
    draft.put("model.input", {"size": 64}, "less")
    text = draft.text("Written by hand.")
    assert yaml.safe_load(text) == draft.content
    assert text.splitlines() == [
        "# Written by hand.",
        "name: a",
        "# three",
        "classes: ['no', ice cream, '8:1']",
        "model:",
        "  # small",
        "  name: unet",
        "  # less",
        "  input: {size: 64}",
    ]


def test_long_reasons_are_wrapped_and_names_cannot_end_a_comment(tmp_path: Path) -> None:
    draft = Draft()
    draft.put("classes", ["a\nseed: 1"], "left out: b\nseed: 9\u2028task: c " + "word " * 60)
    text = draft.text("head")
    assert yaml.safe_load(text) == {"classes": ["a\nseed: 1"]}
    assert max(map(len, text.splitlines())) <= 120
