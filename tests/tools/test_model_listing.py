"""The listing has a line for each model, pattern and checkpoint."""

import json

from maskwright.models.catalogue import MODELS, PATTERNS
from maskwright.models.published_weights import list_weights
from tools.model_listing import listing_text, model_records


def test_every_model_pattern_and_checkpoint_has_a_line_of_its_own() -> None:
    text = listing_text()
    names = [*MODELS, *PATTERNS, *(each["name"] for each in list_weights())]
    assert [json.loads(line.rstrip(","))["name"] for line in text.splitlines() if line.startswith('{"')] == names
    assert json.loads(text)["models"] == model_records()
