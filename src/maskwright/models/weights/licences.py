"""The licences of published weights: which allow any use, and which a user must accept first.

The names are those of Hugging Face and timm, where these have one. What a licence allows is told by its own words,
and is no legal advice.
"""

from dataclasses import dataclass
from typing import Literal

# open: any use, commercial too; unstated: the publisher says nothing; special: conditions of its own.
Terms = Literal["open", "unstated", "non-commercial", "special"]

_CC = "https://creativecommons.org/licenses/"


@dataclass(frozen=True)
class Licence:
    """One licence: the ``name`` by which a user accepts it, its ``title``, its terms, and where its text is."""

    name: str
    title: str
    terms: Terms
    address: str | None = None

    @property
    def needs_acceptance(self) -> bool:
        """Whether a user must accept it before weights under it are fetched or trained further."""
        return self.terms in ("non-commercial", "special")

    def __str__(self) -> str:
        details = [self.title, self.terms if self.needs_acceptance else None, self.address]
        return f"{self.name} ({', '.join(each for each in details if each)})"


NOT_STATED = Licence("not-stated", "not stated", "unstated")

_ALL = (
    NOT_STATED,
    Licence("apache-2.0", "Apache-2.0", "open", "https://www.apache.org/licenses/LICENSE-2.0"),
    Licence("mit", "MIT", "open", "https://opensource.org/license/mit"),
    Licence("bsd-3-clause", "BSD-3-Clause", "open", "https://opensource.org/license/bsd-3-clause"),
    Licence("cc-by-4.0", "CC BY 4.0", "open", f"{_CC}by/4.0/"),
    Licence("cc-by-sa-3.0", "CC BY-SA 3.0", "open", f"{_CC}by-sa/3.0/"),
    Licence("cc-by-nc-4.0", "CC BY-NC 4.0", "non-commercial", f"{_CC}by-nc/4.0/"),
    Licence("cc-by-nc-sa-4.0", "CC BY-NC-SA 4.0", "non-commercial", f"{_CC}by-nc-sa/4.0/"),
    Licence(
        "nvidia-source-code",
        "NVIDIA Source Code License for SegFormer",
        "non-commercial",
        "https://github.com/NVlabs/SegFormer/blob/master/LICENSE",
    ),
    Licence(
        "dinov3-license",
        "DINOv3 License",
        "special",
        "https://ai.meta.com/resources/models-and-libraries/dinov3-license/",
    ),
    Licence(
        "fair-noncommercial-research-license",
        "FAIR Noncommercial Research License",
        "non-commercial",
        "https://huggingface.co/facebook/fair-noncommercial-research-license/blob/main/LICENSE",
    ),
    Licence(
        "mobileone-license",
        "Apple's licence of MobileOne",
        "special",
        "https://github.com/apple/ml-mobileone/blob/main/LICENSE_weights",
    ),
)
LICENCES: dict[str, Licence] = {licence.name: licence for licence in _ALL}

# The licences of the code that networks are built from.
CODE_LICENCES = {
    "maskwright": "Apache-2.0",
    "torchvision": "BSD-3-Clause",
    "segmentation-models-pytorch": "MIT",
    "timm": "Apache-2.0",
    "transformers": "Apache-2.0",
    # A file within segmentation-models-pytorch, whose head names its own licence.
    "mix_transformer.py": "NVIDIA Source Code License for SegFormer (non-commercial)",
}


def licence_titled(title: str | None) -> Licence:
    """Return the licence called ``title``; ``NOT_STATED`` for None.

    Raises ``KeyError`` when no licence is called so.
    """
    if title is None:
        return NOT_STATED
    return {licence.title: licence for licence in _ALL}[title]
