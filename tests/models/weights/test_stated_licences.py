"""The licence of a file by path: by the repository that it is of, else by the model card beside it."""

from pathlib import Path

import pytest

from maskwright.models.transformers.hub_checkpoints import HUB_CHECKPOINTS
from maskwright.models.weights.licences import NOT_STATED
from maskwright.models.weights.stated_licences import stated_licence


@pytest.mark.parametrize("checkpoint", HUB_CHECKPOINTS, ids=lambda each: each.repo)
@pytest.mark.parametrize("layout", ["{name}", "models--{owner}--{name}/snapshots/0123"])
def test_a_clone_and_the_cache_of_a_known_repository_have_its_licence(checkpoint, layout: str, tmp_path: Path) -> None:
    owner, name = checkpoint.repo.split("/")
    path = tmp_path / layout.format(owner=owner, name=name) / "model.safetensors"
    assert stated_licence(path).name == checkpoint.licence


@pytest.mark.parametrize(
    ("name", "licence"),
    [
        ("coco_instance_eomt_large_640_dinov3", "dinov3-license"),
        ("mask2former-swin-large-cityscapes-semantic", "cc-by-nc-4.0"),
        ("segformer-b5-finetuned-ade-640-640", "nvidia-source-code"),
        ("runs", "not-stated"),
        ("submit-b0", "not-stated"),
    ],
)
def test_other_names_of_the_publishers_count_and_others_do_not(name: str, licence: str, tmp_path: Path) -> None:
    assert stated_licence(tmp_path / name / "model.safetensors").name == licence


@pytest.mark.parametrize(
    ("head", "licence"),
    [
        ("license: mit\ntags: [a]", "mit"),
        ("license: CC-BY-NC-4.0", "cc-by-nc-4.0"),
        ("license: other\nlicense_name: dinov3-license", "dinov3-license"),
        ("license: other", "not-stated"),
        ("license: [mit, apache-2.0]", "not-stated"),
        ("- mit", "not-stated"),
        ("a: &a [*a]\nb: {", "not-stated"),
    ],
)
def test_a_model_card_states_the_licence(head: str, licence: str, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(f"---\n{head}\n---\n# A model\n")
    assert stated_licence(tmp_path / "weights.bin").name == licence


def test_without_a_card_and_with_a_text_that_is_none_nothing_is_stated(tmp_path: Path) -> None:
    assert stated_licence(tmp_path / "weights.bin") is NOT_STATED
    (tmp_path / "README.md").write_bytes(b"\xff license: mit")
    assert stated_licence(tmp_path / "weights.bin") is NOT_STATED
    (tmp_path / "README.md").unlink()
    (tmp_path / "README.md").mkdir()
    assert stated_licence(tmp_path / "weights.bin") is NOT_STATED
