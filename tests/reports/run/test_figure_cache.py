import subprocess
import sys

import pytest

from maskwright.reports.run import drawing
from maskwright.reports.run.figure_cache import FOLDER, FigureCache
from maskwright.reports.run.page import write_page
from tests.reports.run.test_drawing import NUMBERS

LOSSES = NUMBERS["losses"]


@pytest.fixture
def drawn(monkeypatch):
    """The kinds of the figures that are drawn, in their order."""
    kinds = []
    for name in ("draw_curves", "draw_figure"):
        draw = getattr(drawing, name)

        def counted(*arguments, draw=draw):
            kinds.append(next(each for each in arguments if each in (*drawing.CURVES, *drawing.FIGURES)))
            return draw(*arguments)

        monkeypatch.setattr(drawing, name, counted)
    return kinds


@pytest.mark.parametrize("kind", NUMBERS)
def test_a_figure_is_drawn_once_of_the_same_numbers(tmp_path, drawn, kind):
    def figure() -> str:
        cache = FigureCache(tmp_path)
        if kind in drawing.CURVES:
            return cache.curves(kind, *NUMBERS[kind])
        return cache.figure(f"{kind}-test", "a caption", kind, *NUMBERS[kind]).svg

    assert figure() == figure()
    assert drawn == [kind]


def test_other_numbers_and_other_code_are_drawn_anew(tmp_path, drawn, monkeypatch):
    first = FigureCache(tmp_path).curves("losses", *LOSSES)
    assert FigureCache(tmp_path).curves("losses", [1, 2], {"loss": [1.0, 0.25]}) != first
    monkeypatch.setattr("maskwright.reports.run.figure_cache._code", lambda: "other code")
    assert FigureCache(tmp_path).curves("losses", *LOSSES) == first
    assert drawn == ["losses"] * 3


def test_without_a_run_each_figure_is_drawn(drawn):
    FigureCache().curves("losses", *LOSSES)
    FigureCache().curves("losses", *LOSSES)
    assert drawn == ["losses"] * 2


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_file_that_is_gone_or_of_other_numbers_is_written_again(tmp_path, drawn, suffix):
    numbers = NUMBERS["confusion"]
    FigureCache(tmp_path).figure("confusion-test", "c", "confusion", *numbers)
    file = tmp_path / "figures" / f"confusion-test.{suffix}"
    whole = file.read_bytes()
    file.unlink()
    FigureCache(tmp_path).figure("confusion-test", "c", "confusion", *numbers)
    assert file.read_bytes() == whole
    FigureCache(tmp_path).figure("confusion-test", "c", "confusion", numbers[0], [[1, 9], [9, 1]])
    assert file.read_bytes() != whole
    FigureCache(tmp_path).figure("confusion-test", "c", "confusion", *numbers)
    assert file.read_bytes() == whole
    assert len(drawn) == 4


@pytest.mark.parametrize(
    ("found", "forged"),
    [
        ("</svg>", "<script>alert(1)</script></svg>"),
        ("</svg>", '<image href="http://evil.example/a.png"/></svg>'),
        ("</svg>", "<a href='http://evil.example'>x</a></svg>"),
        ("</svg>", "<style>*{fill:red}</style></svg>"),
        ("</svg>", "<foreignObject></foreignObject></svg>"),
        ("</svg>", "</svg><p>more</p>"),
        ("</svg>", "</svg><svg></svg>"),
        ("</svg>", ""),
        ("<svg ", '<svg onload="alert(1)" '),
        ("<text ", '<text onclick="alert(1)" '),
        ('xlink:href="#', 'xlink:href="http://evil.example/#'),
        ("url(#", "url(http://evil.example/#"),
        ("fill: none", "fill: \\75rl(http://evil.example)"),
        ("fill: none", "fill: URL(//evil.example)"),
        ('xmlns="http://www.w3.org/2000/svg"', 'xmlns="http://www.w3.org/1999/xhtml"'),
        ("<svg ", "\ufeff<svg "),
    ],
)
def test_a_kept_file_that_could_do_more_than_draw_is_not_taken(tmp_path, drawn, found, forged):
    svg = FigureCache(tmp_path).curves("losses", *LOSSES)
    (file,) = (tmp_path / FOLDER).iterdir()
    assert found in svg
    file.write_text(svg.replace(found, forged), encoding="utf-8")
    assert FigureCache(tmp_path).curves("losses", *LOSSES) == svg
    assert drawn == ["losses"] * 2
    file.write_bytes(b"\xff\xfe not text")
    assert FigureCache(tmp_path).curves("losses", *LOSSES) == svg


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_a_page_is_the_same_with_and_without_kept_figures(make_run, drawn, task):
    run = make_run(task)
    first = write_page(run).read_bytes()
    kept = sorted((run / FOLDER).iterdir())
    drawn.clear()
    assert write_page(run).read_bytes() == first
    assert drawn == []
    (run / "metrics.csv").write_text("epoch,train/loss\n1,0.5\n")
    write_page(run)
    assert set(drawn) == {"losses"}
    left = sorted((run / FOLDER).iterdir())
    assert len(set(left) - set(kept)) == 1, "the loss of the new numbers"
    assert len(left) < len(kept), "and nothing that no figure needs"


def test_a_page_whose_figures_are_kept_needs_no_matplotlib(make_run):
    run = make_run()
    write_page(run)
    code = (
        "import sys; from pathlib import Path; from maskwright.reports.run.page import write_page;"
        "write_page(Path(sys.argv[1])); sys.exit(any(name.split('.')[0] == 'matplotlib' for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code, str(run)], check=True)
