"""What is listed without PyTorch is the catalogue and the published weights as they are."""

import subprocess
import sys

import pytest

from maskwright.errors import NextCommand
from maskwright.models.listing.records import listed_models, listed_weights, unknown_model
from maskwright.models.published_weights import list_weights
from tools.model_listing import FILE, listing_text, model_records


def test_the_file_is_the_catalogue_as_it_is() -> None:
    assert FILE.read_text(encoding="utf-8") == listing_text(), "write it anew: python -m tools.model_listing"
    assert listed_models() == model_records()
    assert listed_weights() == list_weights()


@pytest.mark.parametrize(
    ("name", "said", "planned"),
    [
        ("xyzzy", "Known: a_net, b_net.", NextCommand(("models",))),
        ("n", "Nearest: a_net, b_net.", NextCommand(("models",))),
        ("aa_net", "Nearest: a_net, b_net.", NextCommand(replaced={"aa_net": "a_net"})),
    ],
)
def test_an_unknown_model_is_answered_with_the_one_that_was_meant_or_the_list(
    name: str, said: str, planned: NextCommand
) -> None:
    error = unknown_model(name, ["b_net", "a_net"])
    assert str(error) == f"Unknown model '{name}'. {said}"
    assert error.next_command == planned


def test_lists_import_no_torch() -> None:
    code = (
        "import sys\nfrom maskwright.cli.main import main\n"
        "for words in ('models', 'models residual_attention_unet', 'weights list', 'weights list --json'):\n"
        "    assert main(words.split()) == 0\n"
        "assert not {'torch', 'torchvision', 'cv2', 'matplotlib'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
