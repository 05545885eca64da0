"""Hosts, origins and headers: what web pages of others cannot do."""

from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from maskwright.server.guard import HEADERS, Guard
from tests.server.served import client_of, service_of


@pytest.fixture
def client() -> TestClient:
    guard = Guard(PlainTextResponse("here"), names=["Model.example."])
    return TestClient(guard, base_url="http://127.0.0.1:8000")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:8000",
        "localhost:1",
        "LOCALHOST",
        "[::1]:8000",
        "10.0.0.7:80",
        "model.example",
        "model.example.:8",
    ],
)
def test_addresses_and_own_names_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).text == "here"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "",
        "[::1",
        "a b",
        "1.2.3",
        "127.0.0.1@evil",
        "évil",
    ],
)
def test_other_names_are_refused(client: TestClient, host: str) -> None:
    answered = client.get("/", headers={"host": host.encode("latin-1")})
    assert answered.status_code == 421
    assert "--allow-host" in answered.json()["error"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "http://127.0.0.1:8000"}, 200),
        ({"origin": "http://127.0.0.1:9000"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://["}, 403),
        ({"origin": "http://[::1"}, 403),
        ({"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:8000"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, 403),
        ({"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}, 403),
    ],
)
def test_pages_of_other_origins_are_refused(client: TestClient, headers: dict[str, str], status: int) -> None:
    assert client.post("/", headers=headers).status_code == status


def test_a_link_from_elsewhere_may_show_the_page_but_send_no_form(client: TestClient) -> None:
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get("/", headers=headers).status_code == 200
    assert client.post("/", headers={**headers, "origin": "https://evil.example"}).status_code == 403


def test_every_answer_has_the_headers_and_none_of_cors(models: dict[str, Path]) -> None:
    with client_of(service_of(models["semantic"])) as client:
        for path in ("/", "/page.js", "/health", "/nothing", "/predict"):
            found = client.get(path, headers={"origin": "http://127.0.0.1:8000"}).headers
            assert {name: found[name] for name in HEADERS} == HEADERS
            assert not [name for name in found if name.startswith("access-control")]
        refused = client.options("/predict", headers={"origin": "https://evil.example"})
        assert refused.status_code == 403
        text = client.get("/metrics").text
    assert 'maskwright_requests_total{route="other",status="403"} 1.0' in text
