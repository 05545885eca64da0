"""What is listed without PyTorch is the catalogue and the published weights as they are."""

import subprocess
import sys

from maskwright.models.listing.records import listed_models, listed_weights
from maskwright.models.published_weights import list_weights
from tools.model_listing import FILE, listing_text, model_records


def test_the_file_is_the_catalogue_as_it_is() -> None:
    assert FILE.read_text(encoding="utf-8") == listing_text(), "write it anew: python -m tools.model_listing"
    assert listed_models() == model_records()
    assert listed_weights() == list_weights()


def test_lists_import_no_torch() -> None:
    code = (
        "import sys\nfrom maskwright.cli.main import main\n"
        "for words in ('models', 'models residual_attention_unet', 'weights list', 'weights list --json'):\n"
        "    assert main(words.split()) == 0\n"
        "assert not {'torch', 'torchvision', 'cv2', 'matplotlib'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
