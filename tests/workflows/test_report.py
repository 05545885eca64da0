"""The page of a real run, looked at in a real browser."""

import html
import re
import shutil
import subprocess
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


def browse(page: Path, folder: Path, *options: str) -> str:
    """The DOM that Chromium makes of ``page``."""
    assert CHROMIUM is not None
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--disable-features=OptimizationHints,OptimizationGuideModelDownloading",
        f"--user-data-dir={folder / 'profile'}", *options, "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


@in_browser
@pytest.mark.parametrize("task", ["semantic", "instance"])
@pytest.mark.parametrize("width", [400, 1280])
def test_the_page_fits_its_window(task: str, width: int, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    content = (request.getfixturevalue(f"{task}_run") / "report.html").read_text(encoding="utf-8")
    # A frame, because Chromium's own window cannot be as narrow as a telephone.
    frame = f'<iframe id=f style="width:{width}px;height:900px;border:0" srcdoc="{html.escape(content)}"></iframe>'
    measure = (
        "<script>f.onload=()=>{const d=f.contentDocument.documentElement;"
        "document.title=`${d.scrollWidth}/${d.clientWidth}/${f.contentDocument.images.length}`}</script>"
    )
    wrapper = tmp_path / "wrapper.html"
    wrapper.write_text(f"<!doctype html><meta charset=utf-8><title>-</title>{frame}{measure}", encoding="utf-8")
    found = re.search(r"<title>(\d+)/(\d+)/(\d+)</title>", browse(wrapper, tmp_path, "--window-size=1400,1000"))
    assert found is not None
    scrolled, shown, pictures = map(int, found.groups())
    assert scrolled <= shown
    assert pictures >= 2


def requested_hosts(page: Path, folder: Path) -> set[str]:
    """The hosts that Chromium asked for anything while it showed ``page``."""
    folder.mkdir()
    log = folder / "net.json"
    browse(page, folder, f"--log-net-log={log}", "--host-resolver-rules=MAP * ~NOTFOUND")
    return set(re.findall(r'"url":"(?:https?|wss?)://([^/"]+)', log.read_text(encoding="utf-8", errors="replace")))


@in_browser
def test_no_request_leaves_the_machine(semantic_run: Path, tmp_path: Path) -> None:
    # Chromium has errands of its own; they show on an empty page too.
    empty = tmp_path / "empty.html"
    empty.write_text("<!doctype html><title>-</title>")
    control = tmp_path / "control.html"
    control.write_text('<!doctype html><title>-</title><img src="http://pictures.invalid/a.png" alt="">')
    own = requested_hosts(empty, tmp_path / "empty")
    assert requested_hosts(control, tmp_path / "control") - own == {"pictures.invalid"}
    assert requested_hosts(semantic_run / "report.html", tmp_path / "page") <= own
