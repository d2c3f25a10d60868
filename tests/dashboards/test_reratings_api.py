"""Re-ratings over HTTP: from a scope to money that moves, by two people, and back again."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from billing.instants import format_instant_ms
from clickhouse.client import connect
from dashboards.api import rerate_desk, reratings
from dashboards.app import build
from dashboards.identity.audit import Wanted
from dashboards.identity.roles import Role
from deploy.runtime.documents import documents_url
from deploy.runtime.settings import Settings
from tests.conftest import free_port
from tests.dashboards.people import entrance, person
from tests.identity.requests import asking, by_session
from tests.rerate.stored import DAY_MS, FROM_MS, Stored, call
from tests.rerate.stored import UNIT_NANOS as UNIT

BOTH = [Role.FINANCE_ANALYST, Role.FINANCE_APPROVER]
PERIOD = {"from": format_instant_ms(FROM_MS), "to": format_instant_ms(FROM_MS + 4 * DAY_MS)}


@pytest.fixture
def settings(migrated: Settings, tmp_path: Path) -> Settings:
    """Documents of the test's own; no broker."""
    addresses = {name: f"127.0.0.1:{free_port()}" for name in ("rater_metrics", "broker")}
    return migrated.model_copy(update={**addresses, "data_dir": tmp_path})


@pytest.fixture
def stored(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stored]:
    """Eight calls sold at a unit a minute, whose deck says two by now; a worker that is at hand."""
    with closing(connect(settings)) as client:
        found = Stored(client, documents_url(settings))
        monkeypatch.setattr(rerate_desk, "Sender", lambda _: found.send)
        found.deck("gold", "sell", {"49": UNIT})
        found.deck("buy", "buy", {"49": UNIT // 2})
        found.calls(*(call(number) for number in range(8)))
        found.deck("gold", "sell", {"49": 2 * UNIT})
        yield found
        found.holds()


@pytest.fixture
def app(settings: Settings, stored: Stored) -> FastAPI:
    """The console."""
    return build(settings, lambda: connect(settings))


class Finance:
    """Requests about runs, by whom the test says."""

    def __init__(self, http: httpx.AsyncClient, app: FastAPI) -> None:
        self._http, self._identity = http, app.state.identity

    async def make(self, **scope: Any) -> httpx.Response:
        """A run of ann's."""
        headers = by_session(entrance(self._identity, "ann", BOTH))
        return await self._http.post("/v1/reratings", json={**PERIOD, **scope}, headers=headers)

    async def act(self, run: int, what: str, name: str = "ann", **body: Any) -> httpx.Response:
        """Something done with a run."""
        headers = by_session(entrance(self._identity, name, BOTH))
        return await self._http.post(f"/v1/reratings/{run}/{what}", json=body, headers=headers)

    async def get(self, path: str) -> httpx.Response:
        """Read something."""
        headers = by_session(entrance(self._identity, "ann", BOTH))
        return await self._http.get(path, headers=headers)


Test = Callable[[Finance], Coroutine[Any, Any, None]]


def finance(app: FastAPI, test: Test) -> None:
    """Run a test."""

    async def inside(http: httpx.AsyncClient) -> None:
        await test(Finance(http, app))

    asking(app, inside)


def test_a_run_from_its_preview_to_its_roll_back(app: FastAPI, stored: Stored) -> None:
    async def test(own: Finance) -> None:
        made = await own.make(customers=["acme"], note="the new price")
        assert made.status_code == 201, made.text
        run = made.json()["number"]
        found = (await own.get(f"/v1/reratings/{run}")).json()
        assert (found["run"]["state"], found["run"]["delta"]) == ("previewed", "sell 4 USD")
        (sell,) = [line for line in found["totals"] if line["leg"] == "sell"]
        assert (sell["legs"], sell["old"], sell["new"], sell["delta"]) == (4, "4", "8", "4")
        assert found["margins"] == [{"currency": "USD", "delta": "4"}]
        assert {line["name"] for line in found["accounts"]} == {"acme", "vend"}
        assert found["may"] == ["preview", "submission", "cancellation"]
        steps = (await own.get(f"/v1/reratings/{run}/calls/{found['largest'][0]['call']}")).json()
        assert any("8" in line or "2" in line for line in steps)

        assert (await own.act(run, "submission")).json()["state"] == "submitted"
        alone = await own.act(run, "approval", delta="sell 4 USD")
        assert (alone.status_code, "another person" in alone.json()["detail"]) == (409, True)
        wrong = await own.act(run, "approval", "bob", delta="sell 5 USD")
        assert (wrong.status_code, stored.total("sell")) == (422, 8 * UNIT)
        approved = await own.act(run, "approval", "bob", delta="sell 4 USD", why="agreed")
        assert approved.json()["approved_by"] == "bob"
        assert (await own.act(run, "application", "bob")).json()["state"] == "applied"
        assert stored.total("sell") == 12 * UNIT
        posted = (await own.get(f"/v1/reratings/{run}")).json()["posted"]
        assert posted == [{"leg": "sell", "currency": "USD", "legs": 4, "delta": "4"}]
        for page in ("/reratings", f"/reratings/{run}"):
            assert (await own.get(page)).status_code == 200
        back = await own.act(run, "rollback", "bob", why="the wrong deck")
        assert (back.json()["state"], stored.total("sell")) == ("rolled_back", 8 * UNIT)
        told = (await own.get(f"/v1/reratings/{run}")).json()["told"]
        assert [(each["by"], each["what"]) for each in told] == [
            *(("ann", "made"), ("ann", "preview"), ("ann", "submit")),
            *(("ann", "approve"), ("ann", "approve.failed")),
            *(("bob", "approve"), ("bob", "approve.failed"), ("bob", "approve"), ("bob", "apply")),
            ("bob", "roll back"),
        ]

    finance(app, test)


@pytest.mark.parametrize(
    ("scope", "says"),
    [
        ({"from": "soon"}, "from"),
        ({"to": PERIOD["from"]}, "is no period"),
        ({"side": "left"}, "side"),
        ({"codes": ["49x"]}, "codes"),
        ({"calls": ["1"]}, "calls"),
        ({"decks": ["none"]}, "no account has the deck 'none'"),
        ({"customers": ["nobody"]}, "matches no calls"),
        ({"to": "2099-01-01T00:00:00Z"}, "lies in the future"),
        ({"instead": [{"side": "sell", "deck": "gold", "by": "none"}]}, "none"),
    ],
)
def test_a_scope_that_is_none_is_refused_by_name(
    app: FastAPI, stored: Stored, scope: dict[str, Any], says: str
) -> None:
    async def test(own: Finance) -> None:
        answer = await own.make(**scope)
        assert answer.status_code in (409, 422), answer.text
        assert says in answer.json()["detail"]
        assert (await own.get("/v1/reratings")).json()["runs"] == []
        rows = app.state.identity.audit.rows(Wanted(what="rerate."))
        assert [row.event.what for row in rows] in ([], ["rerate.make.failed", "rerate.make"])

    finance(app, test)


def test_what_a_run_is_not_ready_for_is_refused(app: FastAPI, stored: Stored) -> None:
    async def test(own: Finance) -> None:
        assert (await own.get("/v1/reratings/7")).status_code == 404
        assert (await own.act(7, "application")).status_code == 404
        run = (await own.make()).json()["number"]
        for what in ("application", "rollback", "pause", "rejection"):
            answer = await own.act(run, what, "bob")
            assert (answer.status_code, bool(answer.json()["detail"])) == (409, True)
        assert (await own.act(run, "cancellation")).json()["state"] == "cancelled"
        assert (await own.act(run, "submission")).status_code == 409
        assert stored.total("sell") == 8 * UNIT

    finance(app, test)


def test_runs_come_page_by_page(
    app: FastAPI, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reratings, "PAGE_RUNS", 2)

    async def test(own: Finance) -> None:
        made = [(await own.make()).json()["number"] for _ in range(3)]
        first = (await own.get("/v1/reratings")).json()
        assert [each["number"] for each in first["runs"]] == made[:0:-1]
        rest = (await own.get(f"/v1/reratings?after={first['next']}")).json()
        assert ([each["number"] for each in rest["runs"]], rest["next"]) == (made[:1], None)
        assert f"/reratings?after={first['next']}" in (await own.get("/reratings")).text
        assert (await own.get("/v1/reratings?after=0")).status_code == 422

    finance(app, test)


def test_what_is_being_applied_is_cancelled_by_an_approver(app: FastAPI, stored: Stored) -> None:
    async def test(own: Finance) -> None:
        run = (await own.make()).json()["number"]
        await own.act(run, "submission")
        delta = (await own.get(f"/v1/reratings/{run}")).json()["run"]["delta"]
        await own.act(run, "approval", "bob", delta=delta)
        stored.held = True
        assert (await own.act(run, "application", "bob")).json()["state"] == "applying"
        person(app.state.identity, "cid", [Role.FINANCE_ANALYST])
        refused = await own.act(run, "cancellation", "cid")
        assert (refused.status_code, "finance.approver" in refused.json()["detail"]) == (403, True)
        stored.held = False
        assert (await own.act(run, "cancellation", "bob")).json()["state"] == "rolled_back"
        assert stored.total("sell") == 8 * UNIT

    finance(app, test)


def test_a_run_is_paused_and_goes_on(app: FastAPI, stored: Stored) -> None:
    async def test(own: Finance) -> None:
        stored.held = True
        run = (await own.make()).json()["number"]
        found = (await own.get(f"/v1/reratings/{run}")).json()
        assert (found["running"], found["chunks_done"]) == (True, 0)
        short = (await own.get(f"/v1/reratings/{run}/progress")).json()
        assert short == {name: found[name] for name in short}
        assert "totals" not in short
        assert (await own.get("/v1/reratings/9/progress")).status_code == 404
        assert found["chunks"] > 0
        assert (await own.act(run, "pause")).json()["paused"] is True
        assert (await own.get(f"/v1/reratings/{run}")).json()["may"] == [
            *("cancellation", "resumption")
        ]
        stored.held = False
        assert (await own.act(run, "resumption")).json()["state"] == "previewed"

    finance(app, test)
