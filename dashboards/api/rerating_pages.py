"""The pages of re-ratings: all runs with the form for a new one, and one run."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from billing.instants import DAY_MS, format_instant_ms
from dashboards.api import page
from dashboards.api.reratings import After, Number, read_run, read_runs
from dashboards.api.state import Parts
from dashboards.api.who import ANALYSES, APPROVES, Identities, Staff
from dashboards.rerating_schemas import WholeRun

FIELDS: Final = ("from", "to", "side", "status", "customers", "vendors", "codes", "decks", "note")
FIELD_CHARS_MAX: Final = 400
PREPARE: Final = frozenset({"preview", "submission"})
"""what an analyst does"""
EITHER: Final = frozenset({"cancellation", "pause", "resumption"})
"""what both do; the rest is an approver's"""

router = APIRouter(include_in_schema=False)


@router.get("/reratings")
def open_runs(
    request: Request, person: Staff, parts: Parts, identity: Identities, after: After = None
) -> Response:
    """Runs, and the form for a new one; the address may fill it."""
    given = request.query_params
    asked = {name: given.get(name, "")[:FIELD_CHARS_MAX] for name in FIELDS}
    today_ms = identity.clock_ms() // DAY_MS * DAY_MS
    asked["from"] = asked["from"] or format_instant_ms(today_ms - 30 * DAY_MS)
    asked["to"] = asked["to"] or format_instant_ms(today_ms)
    found, may = read_runs(parts, after), person.may(ANALYSES.roles)
    about: dict[str, Any] = {"runs": found.runs, "next": found.next, "asked": asked, "may": may}
    return page.shown(request, "reratings.html", person, **about)


@router.get("/reratings/{number}")
def open_run(
    request: Request, person: Staff, parts: Parts, identity: Identities, number: Number
) -> Response:
    """One run: its money, how far it is, what may be done."""
    found = read_run(parts, identity, number)
    prepares, approves = (person.may(rule.roles) for rule in (ANALYSES, APPROVES))
    own = (prepares and PREPARE | EITHER) or frozenset()
    may = [act for act in found.may if act in own or (approves and act not in PREPARE)]
    about: dict[str, Any] = {"found": found, "run": found.run, "may": may, "bars": _bars(found)}
    return page.shown(request, "rerating.html", person, **about)


def _bars(found: WholeRun) -> dict[str, Any] | None:
    """The leg and currency with most changed legs, by destination; None if nothing changes."""
    changed = [each for each in found.totals if each.changed]
    if not changed:
        return None
    kind = max(changed, key=lambda each: each.changed)
    lines = [
        {"name": each.name, "delta": each.delta}
        for each in found.destinations
        if (each.leg, each.currency) == (kind.leg, kind.currency)
    ]
    return {"leg": kind.leg, "currency": kind.currency, "lines": lines}
