"""PointRend as a semantic head: equal to dense prediction when all points are taken, and trained in every part."""

import pytest
import torch
from torch import nn

from maskwright.models.losses.cross_entropy import cross_entropy
from maskwright.models.point_rend.segmenter import PointRendSegmenter, labels_at
from tests.models.invented_scenes import scene

OUTPUTS, IGNORED = 3, 255


class Body(nn.Module):
    """A backbone with early features at stride 4 and late ones at stride 16, as large as those of a real one."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 6, 5, 4, 2), nn.Conv2d(6, 8, 5, 4, 2)

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        early = self.first(images).relu()
        out = self.second(early).relu()
        return {"early": early, "aux": early, "out": out}


def segmenter(auxiliary: bool = False, **options: float) -> PointRendSegmenter:
    torch.manual_seed(0)
    other = nn.Conv2d(6, OUTPUTS, 1) if auxiliary else None
    model = PointRendSegmenter(
        Body(), nn.Conv2d(8, OUTPUTS, 1), other, 6, OUTPUTS, point_features=16, **{"training_points": 200, **options}
    )
    return model


def undecided(model: PointRendSegmenter) -> PointRendSegmenter:
    """Return ``model`` in evaluation mode, with logits that differ between classes and points."""
    for value in model.point_head.parameters():
        nn.init.normal_(value, std=0.5)
    return model.eval()


def tents(pixels: int, cells: int, covered: float) -> torch.Tensor:
    """Return the bilinear weight of each cell at each pixel's centre, ``(pixels, cells)``; cells cover ``covered``."""
    place = (torch.arange(pixels) + 0.5) / covered * cells - 0.5
    return (1 - (place[:, None] - torch.arange(cells)).abs()).clamp(min=0)


@pytest.mark.parametrize("size", [(32, 48), (33, 50), (17, 5)])
def test_taking_every_point_is_asking_the_point_head_at_every_pixel(size: tuple[int, int]) -> None:
    height, width = size
    model, images = undecided(segmenter(subdivision_points=height * width)), torch.rand(2, 3, height, width)
    with torch.inference_mode():
        found = model(images)["out"]
        maps = model.backbone(images)
        early, coarse = maps["early"], model.classifier(maps["out"])
        (h, w), (rows, columns) = early.shape[-2:], coarse.shape[-2:]
        # A cell of the early features is four pixels wide; the coarse ones together are as wide as the image.
        fine = tents(height, h, 4 * h) @ early @ tents(width, w, 4 * w).T
        rough = tents(height, rows, height) @ coarse @ tents(width, columns, width).T
        dense = model.point_head(fine.flatten(2), rough.flatten(2)).view(2, OUTPUTS, height, width)
    torch.testing.assert_close(found, dense, rtol=1e-3, atol=1e-4)


def asked(model: PointRendSegmenter) -> list[int]:
    """Record the numbers of points of an image that the point head predicts from now on."""
    counts: list[int] = []
    model.point_head.register_forward_pre_hook(lambda _, inputs: counts.append(inputs[0].shape[2]))
    return counts


def test_each_doubling_asks_for_so_many_points_and_keeps_the_rest() -> None:
    model = undecided(segmenter(subdivision_points=300))
    counts = asked(model)
    with torch.inference_mode():
        found = model(torch.rand(2, 3, 65, 97))["out"]
    # 5 × 7, then 10 × 14, 20 × 28, 40 × 56 and at last the image's own size
    assert counts == [140, 300, 300, 300]
    assert found.shape == (2, OUTPUTS, 65, 97)


def test_the_points_that_are_asked_for_are_where_two_classes_are_close() -> None:
    model = segmenter(subdivision_points=100).eval()
    # Classes 0 and 1 meet at the middle of the image, and 2 is nowhere.
    ramp = torch.linspace(-1, 1, 4).expand(1, 1, 4, 4)
    model.classifier.register_forward_hook(lambda *_: torch.cat([20 * ramp, -20 * ramp, ramp * 0 - 40], dim=1))
    seen: list[torch.Tensor] = []

    def agree(_: nn.Module, inputs: tuple[torch.Tensor, torch.Tensor], __: torch.Tensor) -> torch.Tensor:
        seen.append(inputs[1][:, 0] - inputs[1][:, 1])
        return inputs[1]

    model.point_head.register_forward_hook(agree)
    with torch.inference_mode():
        model(torch.rand(1, 3, 64, 64))
    assert seen[-1].shape == (1, 100)
    assert seen[-1].abs().max() < 3  # of 40 at the sides


@pytest.mark.parametrize("option", ["subdivision_points", "training_points"])
def test_no_point_at_all_is_refused(option: str) -> None:
    with pytest.raises(ValueError, match=f"{option} 0: expected at least 1"):
        segmenter(**{option: 0})


def test_training_gives_the_coarse_logits_and_points_beside_them() -> None:
    model, images = segmenter(auxiliary=True).train(), torch.rand(2, 3, 33, 50)
    output = model(images)
    assert set(output) == {"out", "aux", "points", "point_logits"}
    coarse = model.classifier(model.backbone(images)["out"])
    torch.testing.assert_close(output["out"], nn.functional.interpolate(coarse, (33, 50), mode="bilinear"))
    assert output["aux"].shape == (2, OUTPUTS, 33, 50)
    assert output["points"].shape == (2, 200, 2)
    assert ((output["points"] >= 0) & (output["points"] <= 1)).all()
    assert output["point_logits"].shape == (2, OUTPUTS, 200)
    assert set(model.eval()(images)) == {"out", "aux"}


def point_loss(output: dict[str, torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
    return cross_entropy(output["point_logits"], labels_at(labels, output["points"]), IGNORED)


def test_the_point_loss_alone_reaches_the_point_head_the_classifier_and_the_backbone() -> None:
    model = segmenter().train()
    nn.init.normal_(model.point_head.predictor.weight, std=0.5)
    labels = torch.randint(0, OUTPUTS, (2, 37, 50), generator=torch.Generator().manual_seed(0))
    point_loss(model(torch.rand(2, 3, 37, 50)), labels).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.any(), name


def test_a_point_has_the_label_of_the_pixel_that_it_lies_in() -> None:
    labels = torch.arange(2 * 5 * 7).view(2, 5, 7)
    generator = torch.Generator().manual_seed(0)
    within = torch.rand(2, 35, 2, generator=generator) * 0.98 + 0.01
    y, x = torch.meshgrid(torch.arange(5), torch.arange(7), indexing="ij")
    points = (torch.stack([x, y], dim=-1).view(1, 35, 2) + within) / torch.tensor([7.0, 5.0])
    assert torch.equal(labels_at(labels, points), labels.flatten(1))
    corners = torch.tensor([[[0.0, 0.0], [1.0, 1.0]]]).expand(2, -1, -1)
    assert labels_at(labels, corners).tolist() == [[0, 34], [35, 69]]


def test_a_model_learns_nothing_from_ignored_pixels() -> None:
    model, images = segmenter().train(), torch.rand(1, 3, 32, 32)
    labels = torch.full((1, 32, 32), IGNORED)
    labels[:, :, :16] = 1
    output = model(images)
    point_logits = output["point_logits"].detach().requires_grad_()
    ignored = output["points"][0, :, 0] >= 0.5
    assert 0 < ignored.sum() < 200
    loss = point_loss({**output, "point_logits": point_logits}, labels)
    loss.backward()
    assert not point_logits.grad[0][:, ignored].any()
    assert point_logits.grad[0][:, ~ignored].any(dim=0).all()
    counted = nn.functional.cross_entropy(point_logits[0][:, ~ignored].T, torch.ones(int((~ignored).sum())).long())
    torch.testing.assert_close(loss, counted)
    nothing = point_loss(model(images), torch.full_like(labels, IGNORED))
    assert nothing == 0
    nothing.backward()
    assert all(p.grad is None or not p.grad.any() for p in model.parameters())


def test_points_draw_the_edges_that_the_coarse_grid_cannot() -> None:
    images, targets = scene()
    batch = torch.stack(images)
    labels = torch.stack([target["masks"][0] + 2 * target["masks"][1] for target in targets]).long()
    model = segmenter(subdivision_points=1000).train()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    history = []
    for _ in range(60):
        output = model(batch)
        loss = cross_entropy(output["out"], labels, IGNORED) + point_loss(output, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    assert history[-1] < 0.4 * history[0]
    with torch.inference_mode():
        coarse = model(batch)["out"].argmax(1)
        refined = model.eval()(batch)["out"].argmax(1)
    assert (refined != labels).sum() < 0.7 * (coarse != labels).sum()


def test_mixed_precision_trains_and_refines() -> None:
    model, images = segmenter(), torch.rand(2, 3, 40, 40)
    with torch.autocast("cpu", torch.bfloat16):
        labels = torch.zeros(2, 40, 40, dtype=torch.int64)
        output = model.train()(images)
        assert torch.isfinite(point_loss({**output, "point_logits": output["point_logits"].float()}, labels))
        assert torch.isfinite(model.eval()(images)["out"]).all()
