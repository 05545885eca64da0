"""Pages looked at in a real browser: Chromium without a window, at any width, light or dark."""

import html
import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

_DARK = "@media (prefers-color-scheme: dark)"


def browse(page: Path, folder: Path, *options: str) -> str:
    """The DOM that Chromium makes of ``page``."""
    assert CHROMIUM is not None
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--disable-features=OptimizationHints,OptimizationGuideModelDownloading",
        f"--user-data-dir={folder / 'profile'}", *options, "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=240).stdout


def framed(pages: Sequence[tuple[str, int]], script: str) -> str:
    """A page that shows each of the ``pages``, HTML and a width in pixels, in a frame and does ``script`` in it.

    Chromium's own window cannot be as narrow as a telephone. The script is the body of an asynchronous function of
    ``frame``, ``page`` (the document in it) and ``sleep`` (milliseconds); what it returns is found by :func:`answers`.
    """
    frames = "".join(
        f'<iframe style="width:{width}px;height:900px;border:0" srcdoc="{html.escape(content)}"></iframe>'
        for content, width in pages
    )
    asked = asking(script, "[...document.querySelectorAll('iframe')]")
    return f"<!doctype html><meta charset=utf-8><title>-</title>{frames}{asked}"


def asking(script: str, frames: str) -> str:
    """The elements that do ``script`` in each of the ``frames``, an expression, and hold the answers."""
    return (
        f"<pre id=answer></pre><script>addEventListener('load',async()=>{{const said=[];for(const frame of {frames})"
        "try{said.push(await (async(frame,page,sleep)=>{"
        f"{script}"
        "})(frame,frame.contentDocument??document,t=>new Promise(r=>setTimeout(r,t))))}"
        "catch(e){said.push({error:String(e)})}"
        "document.getElementById('answer').textContent=JSON.stringify(said)})</script>"
    )


def answers(pages: Sequence[tuple[str, int]], script: str, folder: Path) -> list[Any]:
    """What ``script`` returns in each frame of :func:`framed`."""
    folder.mkdir(parents=True, exist_ok=True)
    return _said(framed(pages, script), folder)


def answer_in_window(content: str, script: str, folder: Path) -> Any:
    """What ``script`` returns on a page in a window of its own, where links to its parts lead to them."""
    asked = asking(script, "[window]")
    return _said(_without_policy(content).replace("</body>", f"{asked}</body>"), folder)[0]


def _without_policy(content: str) -> str:
    """The page with no policy, which would let none but its own script run."""
    return re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", content)


def _said(content: str, folder: Path) -> list[Any]:
    file = folder / "page.html"
    file.write_text(content, encoding="utf-8")
    dom = browse(file, folder, "--window-size=1400,1000", "--virtual-time-budget=60000")
    found = re.search(r'<pre id="answer">(.*?)</pre>', dom, re.DOTALL)
    assert found is not None
    assert found[1], "the script has not ended"
    said = json.loads(html.unescape(found[1]))
    assert not [each for each in said if isinstance(each, dict) and "error" in each], said
    return said


def answer(content: str, width: int, script: str, folder: Path) -> Any:
    """What ``script`` returns on one page."""
    return answers([(content, width)], script, folder)[0]


def dark(content: str) -> str:
    """The page as readers of dark pages see it."""
    assert _DARK in content
    return content.replace(_DARK, "@media all").replace("color-scheme: light dark", "color-scheme: dark")


def assert_readable(content: str, folder: Path) -> None:
    """On a telephone and on a screen, light and dark: axe finds nothing serious, and nothing is cut off.

    All details are open. A place that scrolls by itself can be reached by keyboard.
    """
    axe = pytest.importorskip("axe_core_python", reason="no axe-core-python")
    source = next(Path(axe.__file__).parent.rglob("axe.min.js")).read_text(encoding="utf-8")
    plain = _without_policy(content)
    script = (
        f"const s=page.createElement('script');s.textContent={json.dumps(source).replace('</', '<' + chr(92) + '/')};"
        "page.head.append(s);page.querySelectorAll('details').forEach(d=>d.open=true);"
        "const found=await frame.contentWindow.axe.run(page,{resultTypes:['violations']});"
        "const faults=found.violations.filter(v=>['serious','critical'].includes(v.impact)).map(v=>"
        "`${v.id} (${v.nodes.length}): ${v.nodes[0].html.slice(0,200)} ${v.nodes[0].failureSummary.slice(0,300)}`);"
        "const d=page.documentElement,wide=[...page.querySelectorAll('body *')].filter(e=>e.scrollWidth>e.clientWidth+1"
        "&&e.clientWidth>0&&getComputedStyle(e).overflowX!=='visible'&&e.tabIndex!==0&&!e.closest('svg')"
        "&&!e.closest('[tabindex=\"0\"]')).map(e=>`cut off: ${e.outerHTML.slice(0,120)}`);"
        "if(d.scrollWidth>d.clientWidth)faults.push(`the page is ${d.scrollWidth} pixels wide`);"
        "return [...faults,...wide]"
    )
    shown = [(shade, width) for shade in (plain, dark(plain)) for width in (400, 1280)]
    assert answers(shown, script, folder) == [[], [], [], []]
