"""The API in one process, with a stand-in for ClickHouse."""

import asyncio
import threading
from typing import Any

import httpx
import pytest

from dashboards.definitions import DEFINITIONS, Figure
from dashboards.headers import SECURITY
from dashboards.poller import Poller
from dashboards.schemas import Snapshot
from tests.dashboards.one_process import console, first_read, with_app
from tests.dashboards.rows import NOW_MS
from tests.dashboards.stand_in import StandIn, away
from tests.dashboards.test_hub import WAIT_S_MAX, run

LINE = [(1, "received", 7, 70_500), (1, "rated", 4, 40_000), (1, "suspended", 1, 10_500)]
LINE += [(1, "dead", 0, 0), (1, "duplicate", 2, 20_000)]
pytestmark = pytest.mark.usefixtures("own_folder")


def test_pages_carry_the_headers_and_no_outside_address() -> None:
    async def test(http: httpx.AsyncClient) -> None:
        assert (await http.get("/")).headers["location"] == "/noc"
        for path in ("/noc", "/static/noc.js", "/v1/noc", "/healthz", "/nothing-here"):
            answer = await http.get(path)
            assert SECURITY.items() <= dict(answer.headers).items(), path
        page = (await http.get("/noc")).text
        assert "make demo" in page
        assert "http" + "s://" not in page

    with_app(console(StandIn), test)


def test_every_tile_says_what_its_figure_means() -> None:
    async def test(http: httpx.AsyncClient) -> None:
        page = (await http.get("/noc")).text
        figures: tuple[Figure, ...] = ("cps", "asr", "acd", "sell", "margin_percent", "unrated")
        for figure in figures:
            assert f'title="{DEFINITIONS[figure]}"' in page, figure

    with_app(console(StandIn), test)


def test_the_docs_pages_that_load_from_a_cdn_are_off() -> None:
    async def test(http: httpx.AsyncClient) -> None:
        for path in ("/docs", "/redoc"):
            answer = await http.get(path)
            assert answer.status_code == 404
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["title"] == "Not Found"
        paths = (await http.get("/v1/openapi.json")).json()["paths"]
        assert {"/v1/noc", "/v1/noc/stream", "/v1/conservation", "/readyz"} <= set(paths)

    with_app(console(StandIn), test)


def test_an_empty_database_says_so() -> None:
    async def test(http: httpx.AsyncClient) -> None:
        found = Snapshot.model_validate((await http.get("/v1/noc")).json())
        assert (found.state, found.verdict.text, found.currency) == ("empty", "No calls yet", None)
        assert (found.stream.state, found.stream.backlog) == ("unknown", None)
        assert (await http.get("/readyz")).status_code == 200

    with_app(console(StandIn), test)


def test_the_line_as_json_and_as_gauges() -> None:
    async def test(http: httpx.AsyncClient) -> None:
        line = (await http.get("/v1/conservation")).json()
        assert (line["flow"], line["calls"]["received"]) == ("exact", "7")
        assert (line["seconds"]["received"], line["seconds"]["difference"]) == ("70.5", "0")
        text = (await http.get("/metrics")).text
        assert 'tollwire_conservation_calls{part="received"} 7.0' in text
        assert 'tollwire_conservation_seconds{part="suspended"} 10.5' in text
        assert 'tollwire_conservation_calls{part="difference"} 0.0' in text
        assert "tollwire_conservation_holds 1.0" in text
        assert "tollwire_console_clickhouse_up 1.0" in text
        assert "process_resident_memory_bytes" in text

    with_app(console(lambda: StandIn({"'duplicate' AS part": LINE}, stored_rows=5)), test)


def test_without_clickhouse_the_page_stays_and_says_so() -> None:
    async def test(http: httpx.AsyncClient) -> None:
        for path in ("/noc", "/healthz", "/readyz"):
            assert (await http.get(path)).status_code == 200, path
        answer = await http.get("/v1/conservation")
        assert (answer.status_code, answer.json()["status"]) == (503, 503)
        assert answer.json()["detail"] == "ClickHouse does not answer."
        found = (await http.get("/v1/noc")).json()
        assert (found["state"], found["verdict"]["text"]) == ("error", "ClickHouse away")
        assert found["banner"]["text"] == "ClickHouse does not answer."
        text = (await http.get("/metrics")).text
        assert "tollwire_console_clickhouse_up 0.0" in text
        assert "tollwire_console_broker_up 0.0" in text
        assert "tollwire_conservation" not in text
        assert "tollwire_backlog" not in text

    with_app(console(away), test)


def test_a_read_that_hangs_does_not_hold_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.poller.HANGS_MS", 100)
    client, resumed = StandIn(), threading.Event()
    client.on_query = lambda: resumed.wait(WAIT_S_MAX)
    app = console(lambda: client)

    async def test(http: httpx.AsyncClient) -> None:
        found = (await first_read(app)).snapshot
        assert (found.state, found.verdict.text) == ("error", "ClickHouse away")
        assert found.banner is not None
        assert found.banner.text == "ClickHouse does not answer."
        resumed.set()
        async for frame in app.state.console.hub.frames():
            if frame.snapshot.state == "empty":
                return

    with_app(app, test, reads=False)


def test_queries_do_not_grow_with_the_viewers() -> None:
    client = StandIn(stored_rows=1)
    Poller(lambda: client, lambda: None, lambda: NOW_MS).read()
    alone = len(client.asked)
    client.asked.clear()
    app = console(lambda: client)

    async def inside() -> None:
        async with app.router.lifespan_context(app):
            frames = await asyncio.gather(*(first_read(app) for _ in range(50)))
            assert len({frame.serial for frame in frames}) == 1
            assert len(client.asked) == alone

    run(inside())


def test_before_the_first_read_it_is_alive_and_not_ready() -> None:
    client, resumed = StandIn(), threading.Event()
    client.on_query = lambda: resumed.wait(WAIT_S_MAX)

    async def test(http: httpx.AsyncClient) -> None:
        answer = await http.get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {
            "status": "not ready",
            "process": "console",
            "reasons": ["the first figures are being read"],
        }
        assert (await http.get("/healthz")).json() == {"status": "ok", "process": "console"}
        resumed.set()

    with_app(console(lambda: client), test, reads=False)


def test_a_bug_in_the_poller_fails_the_health_check(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr("threading.excepthook", seen.append)

    def broken() -> Any:
        raise ZeroDivisionError

    app = console(broken)

    async def test(http: httpx.AsyncClient) -> None:
        await asyncio.to_thread(app.state.console.poller.join)
        answer = await http.get("/healthz")
        assert answer.status_code == 503
        assert answer.json()["reasons"] == ["the poller has ended; see the log"]
        assert seen[0].exc_type is ZeroDivisionError

    with_app(app, test, reads=False)


def test_a_client_that_fails_is_closed_and_opened_again() -> None:
    first, second = StandIn(), StandIn(stored_rows=1)
    clients = [first, second]
    poller = Poller(lambda: clients.pop(0), lambda: None, lambda: NOW_MS)
    first.on_query = away
    poller.read()
    assert poller.error is not None
    assert first.closed
    poller.read()
    assert poller.error is None
    assert poller.held.stored_rows == 1
