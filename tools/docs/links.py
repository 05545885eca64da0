"""The links of the built site: each leads somewhere, and opening a page asks no other host for anything."""

import re
from collections import defaultdict
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser fetches by itself; an <a> is fetched only when it is followed.
_FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "link": "href"}
_NOT_FETCHED = {"canonical", "next", "prev", "alternate"}
_CSS = re.compile(r"(?:url\(|@import\s+)[\"']?((?:https?:)?//[^\"')]+)")


def link_faults(site: Path) -> list[str]:
    """Return the links of ``site`` that lead to no file or no anchor, and what would be fetched from another host."""
    pages = {page: _read(page) for page in sorted(site.rglob("*.html"))}
    faults = []
    for page, found in pages.items():
        name = page.relative_to(site).as_posix()
        faults += [f"{name}: fetches {address}" for address in found.fetched if urlsplit(address).netloc]
        if name != "404.html":  # Its links count from the root of a server.
            faults += [f"{name}: {fault}" for fault in _dead(page, found, pages)]
    for sheet in sorted(site.rglob("*.css")):
        fetched = _CSS.findall(sheet.read_text(encoding="utf-8"))
        faults += [f"{sheet.relative_to(site).as_posix()}: fetches {address}" for address in fetched]
    return faults


class _Page(HTMLParser):
    """The anchors of a page, where its links lead and what it fetches."""

    def __init__(self) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag's id and address."""
        values = defaultdict(str, {key: value or "" for key, value in attrs})
        self.anchors.add(values["id"])
        if tag == "a" and values["href"]:
            self.links.append(values["href"])
        address = values[_FETCHED.get(tag, "")]
        if address and values["rel"] not in _NOT_FETCHED:
            self.fetched.append(address)


def _read(page: Path) -> _Page:
    parser = _Page()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser


def _dead(page: Path, found: _Page, pages: dict[Path, _Page]) -> Iterator[str]:
    """Yield the links within the site that lead nowhere."""
    for address in (*found.links, *found.fetched):
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            continue
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        target = target / "index.html" if target.is_dir() else target
        if not target.is_file():
            yield f"{address} leads to no file"
        elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
            yield f"{address} leads to no anchor"
