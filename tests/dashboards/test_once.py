"""A POST with an `Idempotency-Key` is carried out once, whatever becomes of the answer."""

import asyncio
import threading
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from dashboards.api.once import HEADER, KEY_CHARS_MAX, REPLAYED, Once
from dashboards.api.tags import IfMatch, tagged, unchanged
from dashboards.api.who import OPERATES
from dashboards.documents.answers import KEPT_MS, AnotherRequest, Answers, Kept
from dashboards.identity.roles import Role
from tests.dashboards.people import entrance, person
from tests.identity.requests import app_in, asking, by_session


class Asked(BaseModel):
    """What is sent."""

    how: str


class Counter:
    """Endpoints that count how often they were carried out."""

    def __init__(self) -> None:
        self.done = 0
        self.may_end, self.begun = threading.Event(), threading.Event()
        self.router = APIRouter(prefix="/v1/counted", route_class=Once)
        self.router.add_api_route(
            "", self.act, methods=["POST"], dependencies=[Depends(OPERATES)], status_code=201
        )
        self.router.add_api_route(
            "/one", self.change, methods=["PUT"], dependencies=[Depends(OPERATES)]
        )

    def act(self, asked: Asked, response: Response) -> dict[str, int]:
        """Count, or fail as asked."""
        self.done += 1
        self.begun.set()
        if asked.how == "refused":
            raise HTTPException(409, "not now")
        if asked.how == "broken":
            raise RuntimeError("a bug")
        if asked.how == "slow":
            assert self.may_end.wait(10)
        tagged(response, self.done)
        return {"done": self.done}

    def change(self, response: Response, if_match: IfMatch = None) -> None:
        """A document at revision 7."""
        unchanged(if_match, 7)
        tagged(response, 8)


@pytest.fixture
def counter() -> Counter:
    """The endpoints."""
    return Counter()


@pytest.fixture
def app(tmp_path: Path, counter: Counter) -> FastAPI:
    """The console with them and two operators."""
    app = app_in(tmp_path)
    app.include_router(counter.router)
    for name in ("olga", "otto"):
        person(app.state.identity, name, [Role.NOC_OPERATOR])
    return app


class Sender:
    """Requests of somebody, with keys."""

    def __init__(self, http: httpx.AsyncClient, app: FastAPI, name: str = "olga") -> None:
        token = entrance(app.state.identity, name)
        self._http, self._headers = http, by_session(token)

    async def __call__(self, key: str, how: str = "well", path: str = "") -> httpx.Response:
        """POST with a key."""
        headers = {HEADER: key, **self._headers}
        return await self._http.post(f"/v1/counted{path}", json={"how": how}, headers=headers)


def test_the_same_request_is_carried_out_once_and_answered_alike(
    app: FastAPI, counter: Counter
) -> None:
    async def test(http: httpx.AsyncClient) -> None:
        send = Sender(http, app)
        first, second, other = await send("a"), await send("a"), await send("b")
        assert (first.status_code, first.json(), REPLAYED in first.headers) == (
            201,
            {"done": 1},
            False,
        )
        assert (second.status_code, second.content) == (201, first.content)
        kept = (second.headers[REPLAYED], second.headers["etag"], second.headers["content-type"])
        assert kept == ("true", '"1"', "application/json")
        assert (other.json(), counter.done) == ({"done": 2}, 2)

    asking(app, test)


def test_a_key_is_of_one_person_and_one_request(app: FastAPI, counter: Counter) -> None:
    async def test(http: httpx.AsyncClient) -> None:
        send = Sender(http, app)
        await send("a")
        assert (await Sender(http, app, "otto")("a")).json() == {"done": 2}
        for answer in (await send("a", "otherwise"), await send("a", path="?now=1")):
            assert answer.status_code == 422
            assert "another request" in answer.json()["detail"]
        assert counter.done == 2

    asking(app, test)


def test_what_was_refused_may_be_sent_again_and_what_broke_may_not(
    app: FastAPI, counter: Counter
) -> None:
    async def test(http: httpx.AsyncClient) -> None:
        send = Sender(http, app)
        assert [(await send("a", "refused")).status_code for _ in range(2)] == [409, 409]
        assert counter.done == 2
        assert (await send("invalid", path="")).status_code == 201
        with pytest.raises(RuntimeError, match="a bug"):
            await send("b", "broken")
        again = await send("b", "broken")
        assert (again.status_code, "no answer yet" in again.json()["detail"]) == (409, True)
        assert counter.done == 4

    asking(app, test)


def test_a_second_request_does_not_overtake_the_first(app: FastAPI, counter: Counter) -> None:
    async def test(http: httpx.AsyncClient) -> None:
        send = Sender(http, app)
        first = asyncio.create_task(send("a", "slow"))
        await asyncio.to_thread(counter.begun.wait, 10)
        assert (await send("a", "slow")).status_code == 409
        counter.may_end.set()
        assert (await first).json() == (await send("a", "slow")).json() == {"done": 1}

    asking(app, test)


def test_an_answer_is_for_those_only_who_may_ask(app: FastAPI, counter: Counter) -> None:
    async def test(http: httpx.AsyncClient) -> None:
        send = Sender(http, app)
        await send("a")
        own = app.state.identity
        person(own, "anna", [Role.ADMIN])
        own.users.set_roles("olga", [Role.NOC_VIEWER], "", own.by("a test"))
        assert (await Sender(http, app)("a")).status_code == 403
        assert (await http.post("/v1/counted", headers={HEADER: "a"})).status_code == 401

    asking(app, test)


@pytest.mark.parametrize("key", ["", "x" * (KEY_CHARS_MAX + 1)])
def test_a_key_has_a_length(app: FastAPI, counter: Counter, key: str) -> None:
    async def test(http: httpx.AsyncClient) -> None:
        answer = await Sender(http, app)(key)
        assert (answer.status_code, counter.done) == (422, 0)
        assert "Idempotency-Key" in answer.json()["detail"]

    asking(app, test)


def test_a_key_is_forgotten_after_a_day(tmp_path: Path) -> None:
    answers = Answers(f"sqlite:///{tmp_path}/documents.db")
    assert answers.take("olga", "a", "1", 0) is None
    kept = Kept(201, "application/json", "", b"{}")
    answers.keep("olga", "a", kept)
    assert answers.take("olga", "a", "1", KEPT_MS) == kept
    with pytest.raises(AnotherRequest):
        answers.take("olga", "a", "2", KEPT_MS)
    assert answers.take("olga", "a", "2", KEPT_MS + 1) is None


def test_a_document_is_changed_by_whoever_read_it_last(app: FastAPI) -> None:
    async def test(http: httpx.AsyncClient) -> None:
        headers = by_session(entrance(app.state.identity, "olga"))

        async def put(**more: str) -> int:
            sent = {**headers, **more}
            return (await http.put("/v1/counted/one", headers=sent)).status_code

        assert await put() == 428
        assert await put(**{"if-match": '"6"'}) == 412
        assert [await put(**{"if-match": tag}) for tag in ('"7"', '"6", "7"', "*")] == [200] * 3

    asking(app, test)


def test_the_document_of_the_api_tells_of_keys(app: FastAPI) -> None:
    said = app.openapi()["paths"]["/v1/counted"]["post"]["parameters"]
    assert [each["name"] for each in said] == ["Idempotency-Key"]
