"""Chromium driven as a reader drives it: keys, clicks, files, downloads, by the DevTools protocol over a pipe."""

import base64
import fcntl
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.browser import CHROMIUM

# Puts the two ends of the pipes where Chromium looks for them.
_LAUNCH = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
)
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe",
    "--disable-features=OptimizationHints,OptimizationGuideModelDownloading", "--window-size=1280,1000",
)  # fmt: skip


class Tab:
    """A page in a window of its own; ``requests`` are the addresses that it asked for, ``faults`` what went wrong."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._in, self._out, self._number, self._rest = incoming, outgoing, 0, b""
        self._session = ""
        self.requests: list[str] = []
        self.faults: list[str] = []
        target = self.do("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.do("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "DOM", "Log"):
            self.do(f"{domain}.enable")

    def do(self, method: str, /, **parameters: Any) -> dict[str, Any]:
        """What Chromium answers to a command."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + 90
        while True:
            answer = self._next(deadline)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self._note(answer)

    def _next(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], max(0, deadline - time.monotonic()))
            assert ready, "Chromium does not answer"
            part = os.read(self._in, 1 << 16)
            assert part, "Chromium has ended"
            self._rest += part
        text, _, self._rest = self._rest.partition(b"\0")
        return json.loads(text)

    def _note(self, event: dict[str, Any]) -> None:
        said = event.get("params", {})
        if event.get("method") == "Network.requestWillBeSent":
            self.requests.append(said["request"]["url"])
        elif event.get("method") == "Runtime.exceptionThrown":
            self.faults.append(str(said["exceptionDetails"])[:500])
        elif event.get("method") == "Log.entryAdded" and said["entry"]["level"] == "error":
            self.faults.append(f"{said['entry']['text']} {said['entry'].get('url', '')}")

    def open(self, url: str, width: int = 1280, height: int = 1000) -> None:
        """Show ``url`` in a window of this size."""
        self.do("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.do("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def get(self, expression: str) -> Any:
        """The value of an expression, or of its promise."""
        done = self.do("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def wait(self, expression: str, seconds: float = 60) -> Any:
        """The value of an expression once it is true."""
        deadline = time.monotonic() + seconds
        while not (found := self.get(expression)):
            assert time.monotonic() < deadline, (
                f"{expression} does not become true; {self.get('document.body.innerText')}"
            )
            time.sleep(0.05)
        return found

    def give(self, selector: str, *files: Path) -> None:
        """Choose ``files`` in a file input."""
        found = self.do("Runtime.evaluate", expression=f"document.querySelector({json.dumps(selector)})")
        self.do("DOM.setFileInputFiles", files=list(map(str, files)), objectId=found["result"]["objectId"])

    def click(self, x: float, y: float) -> None:
        """Click at a place of the window."""
        for kind in ("mousePressed", "mouseReleased"):
            self.do("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str, code: int) -> None:
        """Press a key."""
        text = {"text": "\r"} if key == "Enter" else {}
        self.do("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, windowsVirtualKeyCode=code, **text)
        self.do("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=code)

    def shade(self, dark: bool) -> None:
        """Prefer dark pages, or light ones."""
        media = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.do("Emulation.setEmulatedMedia", features=media)

    def picture(self, path: Path) -> None:
        """Write what the window shows as PNG."""
        path.write_bytes(base64.b64decode(self.do("Page.captureScreenshot", captureBeyondViewport=True)["data"]))


@contextmanager
def tab(folder: Path) -> Iterator[Tab]:
    """A :class:`Tab` while the block lasts; downloads go to ``folder``."""
    assert CHROMIUM is not None
    theirs_in, ours_out = _far_pipe()
    ours_in, theirs_out = _far_pipe()
    profile = folder / "profile"
    command = [CHROMIUM, *_OPTIONS, f"--user-data-dir={profile}"]
    process = subprocess.Popen(
        [sys.executable, "-c", _LAUNCH, str(theirs_in), str(theirs_out), *command],
        pass_fds=(theirs_in, theirs_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        opened = Tab(ours_in, ours_out)
        opened.do("Page.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        yield opened
    finally:
        process.terminate()
        process.wait(30)
        os.close(ours_in)
        os.close(ours_out)


def _far_pipe() -> tuple[int, int]:
    """The ends of a pipe to read and to write, above the numbers at which Chromium looks for its own."""
    ends = os.pipe()
    read, write = (fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in ends)
    for end in ends:
        os.close(end)
    return read, write
