"""A server of one file on this machine, which can hang up early and go on where it was asked to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Server:
    """What it serves, how much of each answer it sends before it hangs up, and what it was asked for."""

    content: bytes
    root: str = ""
    name: str = "weights.pkl"
    sends: list[int] = field(default_factory=list)
    ranges: bool = True
    tells_length: bool = True
    asked: list[str | None] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where the file lies."""
        return f"{self.root}/{self.name}"


@contextmanager
def serving(content: bytes) -> Iterator[Server]:
    """A server of ``content``, for as long as it is needed."""
    state = Server(content)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            state.asked.append(wanted)
            if self.path != f"/{state.name}":
                self.send_error(404)
                return
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and state.ranges else 0
            whole = len(state.content)
            if start >= whole:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{whole}")
                self.end_headers()
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
            if state.tells_length:
                self.send_header("Content-Length", str(whole - start))
            self.end_headers()
            count = state.sends.pop(0) if state.sends else whole
            self.wfile.write(state.content[start : start + count])

        def log_message(self, format: str, *args: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.root = f"http://127.0.0.1:{listening.server_port}"
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()
