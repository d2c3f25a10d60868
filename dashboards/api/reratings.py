"""Re-ratings: a scope, a preview as money, another person's approval, and back again.

The person is whoever is signed in. An analyst prepares; an approver, who is another person, lets
money move.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query

from dashboards.api.once import Once
from dashboards.api.rerate_desk import desk, known, looked_at
from dashboards.api.state import Console, Parts
from dashboards.api.telling import told
from dashboards.api.who import (
    APPROVES,
    REFUSALS,
    STAFF_ONLY,
    Analyst,
    Approver,
    Finance,
    Identities,
    refusals,
)
from dashboards.identity.audit import Wanted
from dashboards.identity.roles import Person
from dashboards.identity.store import Identity
from dashboards.rerating_schemas import (
    Approval,
    RunList,
    RunProgress,
    RunReason,
    RunView,
    ScopeSent,
    Submission,
    WholeRun,
)
from dashboards.rerating_views import progress_view, run_view, whole_view
from rerate.desk import Desk
from rerate.records import Record
from rerate.scope import Scope, parse

BODY_BYTES_MAX: Final = 2 * 1024 * 1024
TOLD_MAX: Final = 200
PAGE_RUNS: Final = 100
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
After = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="what a page calls next")]
STEP: Final = refusals(404, 409)

router = APIRouter(
    prefix="/v1/reratings",
    tags=["re-rating"],
    responses=REFUSALS,
    route_class=Once,
    max_body_size=BODY_BYTES_MAX,
)


def scope_of(sent: ScopeSent) -> Scope:
    """The scope that was sent. Raises ScopeRefused."""
    said = sent.model_dump(exclude={"since", "instead", "note"})
    return parse({**said, "from": sent.since})


@router.get("", dependencies=[Depends(STAFF_ONLY)])
def read_runs(parts: Parts, after: After = None) -> RunList:
    """Runs, newest first, a page at a time."""
    with desk(parts) as found:
        older = [each for each in reversed(found.all()) if not after or each.number < after]
    shown = older[:PAGE_RUNS]
    more = len(older) > len(shown)
    return RunList(runs=list(map(run_view, shown)), next=shown[-1].number if more else None)


@router.post("", status_code=HTTPStatus.CREATED, responses=refusals(409, 413))
def make_run(parts: Parts, person: Analyst, identity: Identities, sent: ScopeSent) -> RunView:
    """Make a run and have its preview computed. No charge is changed by it."""
    instead: dict[tuple[str, str], str] = {(each.side, each.deck): each.by for each in sent.instead}
    with desk(parts) as found:
        scope = scope_of(sent)

        def make() -> Record:
            return found.make(scope, person.name, instead, sent.note)

        record = told(identity, person, "rerate.make", "a new run", sent.note, make)
        of = f"run {record.number}"
        told(identity, person, "rerate.made", of, sent.note, lambda: None)
        act = lambda: found.preview(record.number, person.name).record  # noqa: E731
        return run_view(told(identity, person, "rerate.preview", of, sent.note, act))


@router.get("/{number}", dependencies=[Depends(STAFF_ONLY)])
def read_run(parts: Parts, identity: Identities, number: Number) -> WholeRun:
    """A run: how far it is, what it changes, who did what in the console."""
    with desk(parts) as found:
        progress, trouble = looked_at(found, number)
        figures, posted = found.figures(progress.record), found.posted(progress.record)
    rows = identity.audit.rows(Wanted(what="rerate.", object=f"run {number}", limit=TOLD_MAX))
    return whole_view(progress, figures, posted, rows, trouble)


@router.get("/{number}/progress", dependencies=[Depends(STAFF_ONLY)])
def read_progress(parts: Parts, number: Number) -> RunProgress:
    """How far a run is, without its money: short, to be asked for often."""
    with desk(parts) as found:
        return progress_view(*looked_at(found, number))


@router.get("/{number}/calls/{call}", dependencies=[Depends(STAFF_ONLY)], responses=refusals(409))
def explain_call(parts: Parts, number: Number, call: str) -> list[str]:
    """Why a call costs what it does, and what the run makes of it, step by step."""
    with desk(parts) as found:
        known(found, number)
        return found.explained(number, call.lower())


def _act(
    parts: Console,
    by: tuple[Person, Identity],
    number: int,
    what: str,
    why: str,
    act: Callable[[Desk], Any],
) -> RunView:
    person, identity = by
    with desk(parts) as found:
        known(found, number)
        told(identity, person, f"rerate.{what}", f"run {number}", why, lambda: act(found))
        return run_view(found.look(number).record)


@router.post("/{number}/preview", responses=STEP)
def preview(
    parts: Parts, person: Analyst, identity: Identities, number: Number, sent: RunReason
) -> RunView:
    """Have the preview computed anew."""
    by, name = (person, identity), person.name
    return _act(parts, by, number, "preview", sent.why, lambda own: own.preview(number, name))


@router.post("/{number}/submission", responses=STEP)
def submit(
    parts: Parts, person: Analyst, identity: Identities, number: Number, sent: Submission
) -> RunView:
    """Hand a previewed run to another person for approval."""
    by, name, also = (person, identity), person.name, sent.allow_suspending
    return _act(parts, by, number, "submit", sent.why, lambda own: own.submit(number, name, also))


@router.post("/{number}/approval", responses=STEP)
def approve(
    parts: Parts, person: Approver, identity: Identities, number: Number, sent: Approval
) -> RunView:
    """Approve a submitted run as another person, who types what it changes."""
    by, name = (person, identity), person.name
    return _act(
        parts, by, number, "approve", sent.why, lambda own: own.approve(number, name, sent.delta)
    )


@router.post("/{number}/rejection", responses=STEP)
def reject(
    parts: Parts, person: Approver, identity: Identities, number: Number, sent: RunReason
) -> RunView:
    """Refuse a submitted run for good."""
    by, name = (person, identity), person.name
    return _act(parts, by, number, "reject", sent.why, lambda own: own.reject(number, name))


@router.post("/{number}/application", responses=STEP)
def apply(
    parts: Parts, person: Approver, identity: Identities, number: Number, sent: RunReason
) -> RunView:
    """Have the workers change the charges as approved."""
    by, name = (person, identity), person.name
    return _act(parts, by, number, "apply", sent.why, lambda own: own.apply(number, name))


@router.post("/{number}/rollback", responses=STEP)
def roll_back(
    parts: Parts, person: Approver, identity: Identities, number: Number, sent: RunReason
) -> RunView:
    """Have the workers make the charges what they were before the run."""
    by, name = (person, identity), person.name
    return _act(parts, by, number, "roll back", sent.why, lambda own: own.roll_back(number, name))


@router.post("/{number}/cancellation", responses=STEP)
def cancel(
    parts: Parts, person: Finance, identity: Identities, number: Number, sent: RunReason
) -> RunView:
    """End a run; what was applied of it is taken back, which is an approver's to order."""
    by, name = (person, identity), person.name
    takes_back = person.may(APPROVES.roles)
    return _act(
        parts, by, number, "cancel", sent.why, lambda own: own.cancel(number, name, takes_back)
    )


@router.post("/{number}/pause", responses=STEP)
def pause(
    parts: Parts, person: Finance, identity: Identities, number: Number, sent: RunReason
) -> RunView:
    """Have the workers leave a run alone."""
    return _act(
        parts, (person, identity), number, "pause", sent.why, lambda own: own.pause(number, True)
    )


@router.post("/{number}/resumption", responses=STEP)
def resume(
    parts: Parts, person: Finance, identity: Identities, number: Number, sent: RunReason
) -> RunView:
    """Go on with a paused run."""
    return _act(
        parts, (person, identity), number, "resume", sent.why, lambda own: own.pause(number, False)
    )
