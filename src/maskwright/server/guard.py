"""The guard before the application: hosts, origins, and the headers that keep a browser from doing more than it must.

A web page of others can send requests to the loopback. Its name may be made to lead there (DNS rebinding), so that the
browser takes the service for a part of that page: only hosts that the service knows are answered. No header allows
pages of other origins to read an answer (CORS).
"""

import ipaddress
import re
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_NAMES = ("localhost",)

# The page has files of its own and nothing else; pictures that the user gives it are blobs.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?", re.ASCII)


class Guard:
    """Answers what is not for this service, and adds ``HEADERS`` to all answers.

    Args:
        app: The application that answers everything else.
        names: The host names by which the service may be called, beside addresses and ``localhost``.
        count: A function that is given the route and the status of each answer.
    """

    def __init__(
        self, app: ASGIApp, names: Collection[str] = (), count: Callable[[str, int], None] = lambda route, status: None
    ) -> None:
        self.app, self.count = app, count
        self.names = {name.lower().rstrip(".") for name in (*LOOPBACK_NAMES, *names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                self.count(getattr(scope.get("route"), "path", "other"), message["status"])
            await send(message)

        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self.knows(host):
            reason = f"the host '{host[:80]}' is not one of this service; start it with --allow-host NAME."
            await JSONResponse({"error": reason}, 421)(scope, receive, guarded)
        elif _of_another_page(headers, host):
            reason = "the request comes from a web page of another origin; open the page of this service."
            await JSONResponse({"error": reason}, 403)(scope, receive, guarded)
        else:
            await self.app(scope, receive, guarded)

    def knows(self, host: str) -> bool:
        """Return whether ``host``, the header of a request, is an address or a name of this service, with any port.

        No name can be made to lead to an address that is written in numbers, so that any is fine.
        """
        found = _HOST.fullmatch(host.lower())
        if found is None:
            return False
        name = found[1].rstrip(".")
        return name in self.names or _is_address(name.strip("[]"))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _of_another_page(headers: Headers, host: str) -> bool:
    """Return whether a browser says that a page of another origin sends the request (Fetch Metadata, RFC 6454)."""
    # A link to the page may be followed from anywhere.
    foreign = headers.get("sec-fetch-site") in ("cross-site", "same-site")
    if foreign and headers.get("sec-fetch-mode") != "navigate":
        return True
    origin = headers.get("origin")
    try:
        return origin is not None and urlsplit(origin).netloc.lower() != host.lower()
    except ValueError:  # such as http://[, which names no page
        return True
