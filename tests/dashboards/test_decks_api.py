"""Decks over HTTP: a sheet becomes a draft, is looked at, approved, published; or is refused."""

import io
import zipfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest
import xlsxwriter
from fastapi import FastAPI

from billing.deck_draft import Agreement
from clickhouse.client import connect
from dashboards.api.deck_drafts import SHEET_BYTES_MAX
from dashboards.app import build
from dashboards.documents.agreements import Agreements
from dashboards.identity.audit import Wanted
from dashboards.identity.roles import Role
from deploy.runtime.documents import documents_url
from deploy.runtime.settings import Settings
from tests.conftest import free_port
from tests.dashboards.people import entrance, person
from tests.identity.requests import asking, by_session

SHEET = (
    b"Code,Destination,Rate,Increment\n44,United Kingdom,0.012,60/60\n4420,UK London,0.011,1/1\n"
)
DEARER = SHEET.replace(b"0.012", b"0.014") + b"33,France,0.02,1/1\n"
ANALYST, APPROVER = [Role.FINANCE_ANALYST], [Role.FINANCE_APPROVER]


@pytest.fixture
def settings(migrated: Settings, broker_address: str, tmp_path: Path) -> Settings:
    """An empty database, a broker, documents of the test's own."""
    own = {"broker": broker_address, "data_dir": tmp_path}
    return migrated.model_copy(update={**own, "rater_metrics": f"127.0.0.1:{free_port()}"})


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    """The console."""
    return build(settings, lambda: connect(settings))


class Finance:
    """Requests about decks, by whom the test says."""

    def __init__(self, http: httpx.AsyncClient, app: FastAPI) -> None:
        self._http, self._identity = http, app.state.identity

    def _by(self, name: str, roles: list[Role]) -> dict[str, str]:
        return by_session(entrance(self._identity, name, roles))

    async def upload(
        self, data: bytes, file: str = "meridian.csv", name: str = "ann", **fields: str
    ) -> httpx.Response:
        """A sheet of the buy deck meridian."""
        form = {"deck": "meridian", "side": "buy", **fields}
        return await self._http.post(
            "/v1/deck-drafts",
            data=form,
            files={"file": (file, data)},
            headers=self._by(name, ANALYST),
        )

    async def step(self, number: int, what: str, name: str = "bob", **body: str) -> httpx.Response:
        """Approve, publish, reject."""
        path = f"/v1/deck-drafts/{number}/{what}"
        sent: dict[str, Any] = {} if what == "publication" else {"json": body}
        return await self._http.post(path, **sent, headers=self._by(name, APPROVER))

    async def get(self, path: str) -> httpx.Response:
        """Read something."""
        return await self._http.get(path, headers=self._by("ann", ANALYST))


Test = Callable[[Finance], Coroutine[Any, Any, None]]


def finance(app: FastAPI, test: Test) -> None:
    """Run a test."""

    async def inside(http: httpx.AsyncClient) -> None:
        await test(Finance(http, app))

    asking(app, inside)


def test_from_a_sheet_to_a_version_and_what_the_next_one_changes(app: FastAPI) -> None:
    async def test(own: Finance) -> None:
        made = await own.upload(SHEET)
        assert made.status_code == 201, made.text
        assert (made.json()["draft"]["state"], made.json()["draft"]["rates"]) == ("draft", 2)
        assert 'role = "price"' in made.json()["layout"]
        early = await own.step(1, "publication")
        assert (early.status_code, "has not been checked" in early.json()["detail"]) == (409, True)
        assert (await own.step(1, "approval", why="a new carrier")).json()["draft"][
            "state"
        ] == "checked"
        done = (await own.step(1, "publication")).json()
        assert (done["draft"]["state"], done["draft"]["version"], done["run"]) == (
            "published",
            1,
            None,
        )
        (deck,) = (await own.get("/v1/decks")).json()["decks"]
        assert (deck["deck"], deck["newest"]["rates"], deck["newest"]["standing"]) == (
            "meridian",
            2,
            "in force",
        )
        assert len((await own.get("/v1/decks/buy/meridian")).json()["versions"]) == 1

        second = (await own.upload(DEARER, valid_from="2035-01-01")).json()["draft"]["number"]
        diff = (await own.get(f"/v1/deck-drafts/{second}/diff")).json()
        assert {each["name"]: each["codes"] for each in diff["kinds"]} == {
            "new": 1,
            "increased": 1,
            "unchanged": 1,
        }
        dear = {each["code"]: (each["old"], each["new"]) for each in diff["changes"]}
        assert dear == {"44": ("0.012 60/60", "0.014 60/60"), "33": (None, "0.02 1/1")}
        assert (await own.step(second, "rejection", why="too dear")).status_code == 200
        assert (await own.step(second, "approval")).status_code == 409
        for page in ("/decks", "/decks/buy/meridian", "/deck-drafts/1", "/deck-drafts/2"):
            assert (await own.get(page)).status_code == 200
        rows = app.state.identity.audit.rows(Wanted(what="deck."))
        assert [(row.event.actor, row.event.what) for row in reversed(rows)] == [
            *(("ann", "deck.draft"), ("bob", "deck.publish"), ("bob", "deck.publish.failed")),
            *(("bob", "deck.approve"), ("bob", "deck.publish"), ("ann", "deck.draft")),
            *(("bob", "deck.reject"), ("bob", "deck.approve"), ("bob", "deck.approve.failed")),
        ]

    finance(app, test)


def test_two_people_where_the_agreement_says_so(app: FastAPI, settings: Settings) -> None:
    agreed = Agreement("meridian", "buy", ("meridian",), 0, True, True)
    Agreements(documents_url(settings)).save([agreed], "ann", 1)

    async def test(own: Finance) -> None:
        await own.upload(SHEET, name="cid")
        person(app.state.identity, "anna", [Role.ADMIN])
        app.state.identity.users.set_roles(
            "cid", [*ANALYST, *APPROVER], "", app.state.identity.by("a test")
        )
        alone = await own.step(1, "approval", name="cid")
        assert alone.status_code == 409
        assert "wants another person to check it" in alone.json()["detail"]
        assert (await own.step(1, "approval")).status_code == 200
        assert (await own.step(1, "publication", name="cid")).status_code == 409
        assert (await own.step(1, "publication")).status_code == 200

    finance(app, test)


def workbook(part: str = "", change: Callable[[bytes], bytes] = bytes) -> bytes:
    """A workbook with two good rates; one part of it changed."""
    made, again = io.BytesIO(), io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        sheet = book.add_worksheet()
        for row, line in enumerate(SHEET.decode().splitlines()):
            sheet.write_row(row, 0, line.split(","))
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == part else content)
    return again.getvalue()


def bomb() -> bytes:
    """Its one sheet is much longer than it looks."""
    return workbook("xl/worksheets/sheet1.xml", lambda xml: xml + b" " * (300 << 20))


def entities() -> bytes:
    """It wants a file of the machine put into a cell."""
    evil = b'<!DOCTYPE sst [<!ENTITY e SYSTEM "file:///etc/passwd">]><sst'
    return workbook(
        "xl/sharedStrings.xml",
        lambda xml: xml.replace(b"<sst", evil, 1).replace(b">UK London<", b">&e;<", 1),
    )


def sheet_texts(data: bytes) -> bytes:
    """The texts of a workbook's cells, b"" if it is none."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return b""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        return book.read("xl/sharedStrings.xml")


def test_a_workbook_is_read(app: FastAPI) -> None:
    async def test(own: Finance) -> None:
        made = await own.upload(workbook(), "good.xlsx")
        assert (made.status_code, made.json()["draft"]["rates"]) == (201, 2), made.text

    finance(app, test)


@pytest.mark.parametrize(
    ("data", "file", "fields", "status", "says"),
    [
        (b"", "empty.csv", {}, 422, "empty.csv"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "photo.png", {}, 422, "photo.png"),
        (b"Name,Phone\nann,1\n", "people.csv", {}, 422, "people.csv"),
        (bomb(), "bomb.xlsx", {}, 422, "unpacks to more than 250 times its size"),
        (entities(), "entities.xlsx", {}, 422, "document type"),
        (SHEET, "../../etc/passwd.csv", {"valid_from": "soon"}, 422, "valid_from='soon'"),
        (SHEET, "a.csv", {"deck": "../x"}, 422, "deck"),
        (SHEET, "a.csv", {"side": "both"}, 422, "side"),
        (SHEET, "a.csv", {"currency": "euro"}, 422, "currency"),
    ],
)
def test_what_is_no_sheet_is_refused_and_nothing_is_kept(
    app: FastAPI, data: bytes, file: str, fields: dict[str, str], status: int, says: str
) -> None:
    async def test(own: Finance) -> None:
        answer = await own.upload(data, file, **fields)
        assert b"&e;" in sheet_texts(data) or file != "entities.xlsx"
        assert answer.status_code == status, answer.text
        assert says in answer.json()["detail"]
        assert "root:" not in answer.text
        assert (await own.get("/v1/deck-drafts")).json()["drafts"] == []
        assert app.state.identity.audit.rows(Wanted(what="deck.")) == []

    finance(app, test)


def test_a_sheet_that_is_too_long_is_refused_before_it_is_read(app: FastAPI) -> None:
    async def test(own: Finance) -> None:
        answer = await own.upload(bytes(SHEET_BYTES_MAX + 1))
        assert answer.status_code == 413
        assert f"the {SHEET_BYTES_MAX:,} bytes" in answer.json()["detail"]
        assert answer.headers["content-type"] == "application/problem+json"

    finance(app, test)


def test_what_is_not_there(app: FastAPI) -> None:
    async def test(own: Finance) -> None:
        for path in ("/v1/decks/sell/gold", "/v1/deck-drafts/7", "/v1/deck-drafts/7/diff"):
            assert (await own.get(path)).status_code == 404
        assert (await own.step(7, "approval")).status_code == 404

    finance(app, test)
