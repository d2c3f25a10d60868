"""Runs as the API and the pages show them. Pure: records and figures in."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from billing.money import format_nanos
from clickhouse.rerate_write import Posted
from dashboards.identity.audit import Row
from dashboards.rerating_schemas import (
    Instead,
    LargestView,
    LineView,
    MarginView,
    PostedView,
    RunProgress,
    RunView,
    Told,
    WholeRun,
)
from deploy.rerate_report import kinds, lines_of, margins
from rerate.figures import Figures, Line
from rerate.life import NEXT, Action
from rerate.records import Record
from rerate.steps import RUNNING, Progress

LINES_MAX: Final = 50
"""of a table, for each leg and currency"""
LARGEST_MAX: Final = 20
ACTS: Final = {
    Action.PREVIEW: "preview",
    Action.SUBMIT: "submission",
    Action.APPROVE: "approval",
    Action.REJECT: "rejection",
    Action.APPLY: "application",
    Action.ROLL_BACK: "rollback",
    Action.CANCEL: "cancellation",
}
"""the endpoints of what people do"""


def run_view(record: Record) -> RunView:
    """A run without its money."""
    run, scope = record.run, record.scope
    instead: list[dict[str, Any]] = [
        {"side": side, "deck": deck, "by": other} for side, deck, other in record.instead
    ]
    return RunView(
        number=record.number,
        state=str(run.state),
        paused=record.paused,
        from_ms=scope.from_ms,
        to_ms=scope.to_ms,
        scope=json.loads(scope.canonical()),
        instead=[Instead(**each) for each in instead],
        note=record.note,
        delta=run.delta,
        made_by=record.made_by,
        made_ms=record.made_ms,
        submitted_by=run.submitter,
        approved_by=run.approver,
    )


def may(record: Record) -> list[str]:
    """What could be done with a run as it stands."""
    state = record.run.state
    found = [name for action, name in ACTS.items() if (state, action) in NEXT]
    if state in RUNNING:
        found.append("resumption" if record.paused else "pause")
    return found


def progress_view(progress: Progress, trouble: str) -> RunProgress:
    """How far a run is."""
    far: dict[str, Any] = {name: getattr(progress, name) for name in _FAR}
    return RunProgress(run=run_view(progress.record), **far, trouble=trouble)


_FAR: Final = ("running", "chunks", "chunks_done", "calls", "calls_done")


def whole_view(
    progress: Progress,
    figures: Figures,
    posted: Sequence[Posted],
    rows: Sequence[Row],
    trouble: str = "",
) -> WholeRun:
    """A run with its money; rows: of the audit log, newest first."""
    record = progress.record
    changes = [change for kind in kinds(figures) for change in figures.largest(*kind)]
    changes.sort(key=lambda change: -abs(change.delta_nanos))
    found = margins(figures)
    return WholeRun(
        **progress_view(progress, trouble).model_dump(),
        may=may(record),
        totals=[_line(*kind, "", figures.lines()[*kind, ""]) for kind in kinds(figures)],
        margins=[MarginView(currency=c, delta=format_nanos(n)) for c, n in found.items()],
        accounts=_lines(figures, "account"),
        destinations=_lines(figures, "destination"),
        days=_lines(figures, "day"),
        largest=[_largest(change) for change in changes[:LARGEST_MAX]],
        posted=[_posted(own) for own in posted],
        told=[_told(row) for row in reversed(rows)],
    )


def _lines(figures: Figures, dimension: str) -> list[LineView]:
    return [
        _line(*kind, text, line)
        for kind in kinds(figures)
        for text, line in lines_of(figures, kind, dimension)[:LINES_MAX]
    ]


def _line(leg: str, currency: str, name: str, line: Line) -> LineView:
    own: dict[str, Any] = {k: getattr(line, k) for k in _COUNTS}
    own |= {"leg": leg, "currency": currency, "name": name, **_money(line)}
    return LineView(**own)


_COUNTS: Final = ("legs", "changed", "newly_rated", "no_longer_rated", "suspended")


def _largest(change: Any) -> LargestView:
    own: dict[str, Any] = {k: getattr(change, k) for k in ("call", "leg", "currency")}
    return LargestView(**own, **_money(change))


def _money(of: Any) -> Mapping[str, Any]:
    return {name: format_nanos(getattr(of, f"{name}_nanos")) for name in ("old", "new", "delta")}


def _posted(own: Posted) -> PostedView:
    fields: dict[str, Any] = {k: getattr(own, k) for k in ("leg", "currency", "legs")}
    return PostedView(**fields, delta=format_nanos(own.delta_nanos))


def _told(row: Row) -> Told:
    event = row.event
    what = event.what.removeprefix("rerate.")
    return Told(at_ms=event.at_ms, by=event.actor, what=what, why=event.reason)
