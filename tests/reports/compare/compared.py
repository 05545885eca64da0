"""The numbers of an invented comparison."""

from typing import Any


def numbers(**changes: Any) -> dict[str, Any]:
    """Two models on 300 images, one of which is named like HTML."""

    def scores(ap: float) -> list[dict[str, Any]]:
        rows = [{"measure": f"segm {name}", "class": None} for name in ("AP", "AP50", "APs")]
        rows += [{"measure": "segm AP", "class": name} for name in ("dog", "kite")]
        return [{**row, "value": ap, "low": ap - 0.02, "high": ap + 0.02} for row in rows]

    def differences() -> list[dict[str, Any]]:
        rows = [{"measure": f"segm {name}", "class": None, "value": 0.1} for name in ("AP", "AP50")]
        rows += [{"measure": "segm APs", "class": None, "value": None}]
        rows += [
            {"measure": "segm AP", "class": name, "value": value} for name, value in (("dog", 0.05), ("kite", -0.2))
        ]
        return [
            {
                **row,
                "low": None if row["value"] is None else row["value"] - 0.03,
                "high": None if row["value"] is None else row["value"] + 0.03,
                "p": None if row["value"] is None else 0.012,
                "p_holm": None if row["value"] is None else 0.036,
                "of": "<new>",
                "less": "old",
            }
            for row in rows
        ]

    return {
        "level": 0.95, "samples": 1000, "seed": 0, "images": 300, "headline": "segm AP", "task": "instance",
        "models": [
            {"name": name, "paths": [f"{name}.json"], "trainings": 1, "scores": scores(ap)}
            for name, ap in (("old", 0.3), ("<new>", 0.4))
        ],
        "differences": differences(),
        "pairs": [{"of": "<new>", "less": "old", "verdict": "<new> is better than old by 0.100 mask AP."}],
        "verdict": "<new> is better than old by 0.100 mask AP.",
        "classes": ["dog", "kite"], "left_out": ["cake"], "remarks": ["Not compared: cake."],
        "image_score": "F1 of each image", "protocol": "COCO evaluation", "command": "maskwright compare old new",
        "changed_images": [
            {"file_name": "a.jpg", "position": 0, "change": 0.5, "scores": {"old": 0.25, "<new>": 0.75}}
        ],
        **changes,
    }  # fmt: skip
