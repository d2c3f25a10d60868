"""The life of a run: what may follow what, and who may do it.

    draft -> previewing -> previewed -> submitted -> approved -> applying -> applied
                                    (-> rejected)            (-> rolling_back -> rolled_back)

Money moves only in `applying` and `rolling_back`. Pure: whoever calls keeps the run, and tells
which hash the preview would have now.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from billing.errors import TollwireError


class Refused(TollwireError):
    """What was asked of a run cannot be done; the message says why and what to do instead."""


class WrongDelta(Refused):
    """Whoever approves has not typed what the preview says."""


class TakesBack(Refused):
    """Cancelling would change charges, which whoever asked may not order."""


class State(StrEnum):
    """Where a run stands."""

    DRAFT = "draft"
    PREVIEWING = "previewing"
    PREVIEWED = "previewed"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    APPLYING = "applying"
    APPLIED = "applied"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Action(StrEnum):
    """What a person or a worker does to a run."""

    PREVIEW = "preview"
    FINISH = "finish"
    FAIL = "fail"
    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    EXPIRE = "expire"
    APPLY = "apply"
    ROLL_BACK = "roll back"
    CANCEL = "cancel"


_S, _A = State, Action
NEXT: Final = {
    (_S.DRAFT, _A.PREVIEW): _S.PREVIEWING,
    (_S.PREVIEWED, _A.PREVIEW): _S.PREVIEWING,
    (_S.EXPIRED, _A.PREVIEW): _S.PREVIEWING,
    (_S.PREVIEWING, _A.FINISH): _S.PREVIEWED,
    (_S.PREVIEWED, _A.SUBMIT): _S.SUBMITTED,
    (_S.SUBMITTED, _A.APPROVE): _S.APPROVED,
    (_S.SUBMITTED, _A.REJECT): _S.REJECTED,
    (_S.APPROVED, _A.APPLY): _S.APPLYING,
    (_S.APPLYING, _A.FINISH): _S.APPLIED,
    (_S.APPLIED, _A.ROLL_BACK): _S.ROLLING_BACK,
    (_S.ROLLING_BACK, _A.FINISH): _S.ROLLED_BACK,
    # Half applied is no place to stay: what was applied is taken back.
    (_S.APPLYING, _A.CANCEL): _S.ROLLING_BACK,
    **{(state, _A.EXPIRE): _S.EXPIRED for state in (_S.PREVIEWED, _S.SUBMITTED, _S.APPROVED)},
    **{
        (state, _A.CANCEL): _S.CANCELLED
        for state in (_S.DRAFT, _S.PREVIEWING, _S.PREVIEWED, _S.SUBMITTED, _S.APPROVED, _S.EXPIRED)
    },
    (_S.PREVIEWING, _A.FAIL): _S.FAILED,
}
"""A chunk of `applying` or `rolling_back` that fails is done again: no run ends half done."""

CHECKED: Final = frozenset({Action.SUBMIT, Action.APPROVE, Action.APPLY})
"""The actions that need a person or a hash: functions of their own."""

_INSTEAD: Final = {
    _S.DRAFT: "preview it first",
    _S.PREVIEWING: "wait for its preview, or cancel it",
    _S.PREVIEWED: "submit it for approval",
    _S.SUBMITTED: "another person must approve or reject it",
    _S.APPROVED: "apply it",
    _S.REJECTED: "make a new run",
    _S.APPLYING: "`tollwire rerate apply` waits until it is applied; or cancel it",
    _S.APPLIED: "it is applied; roll it back if it should not be",
    _S.ROLLING_BACK: "`tollwire rerate rollback` waits until it is rolled back",
    _S.ROLLED_BACK: "it was taken back; make a new run",
    _S.FAILED: "make a new run",
    _S.CANCELLED: "make a new run",
    _S.EXPIRED: "preview it again: the calls or the decks have changed since",
}


class Run(NamedTuple):
    """A run as its record keeps it."""

    id: str
    state: State = State.DRAFT
    preview_hash: str = ""
    """of scope, deck versions and data, as the last preview found them"""
    delta: str = ""
    """what the preview found, as the approver types it"""
    submitter: str = ""
    approver: str = ""


def _next(run: Run, action: Action) -> Run:
    follows = NEXT.get((run.state, action))
    if follows is None:
        raise Refused(f"run {run.id} is {run.state} and cannot {action}: {_INSTEAD[run.state]}")
    return run._replace(state=follows)


def step(run: Run, action: Action) -> Run:
    """The run after an action that needs nothing else. Raises Refused."""
    assert action not in CHECKED, f"{action} has a function of its own"
    return _next(run, action)


def previewed(run: Run, preview_hash: str, delta: str) -> Run:
    """The run with its preview. Raises Refused."""
    if run.state is not State.PREVIEWING:
        raise Refused(f"run {run.id} is {run.state} and takes no preview: {_INSTEAD[run.state]}")
    done = _next(run, Action.FINISH)
    return done._replace(preview_hash=preview_hash, delta=delta, submitter="", approver="")


def submit(run: Run, by: str, hash_now: str) -> Run:
    """The run, handed to another person for approval. Raises Refused."""
    return _current(_next(run, Action.SUBMIT), hash_now)._replace(submitter=by)


def approve(run: Run, by: str, typed_delta: str, hash_now: str) -> Run:
    """The run, approved by another person who has typed its delta. Raises Refused."""
    done = _current(_next(run, Action.APPROVE), hash_now)
    if by == run.submitter:
        raise Refused(f"run {run.id} was submitted by {by}: another person must approve it")
    if typed_delta != run.delta:
        raise WrongDelta(
            f"run {run.id} changes the money by {run.delta}, not by {typed_delta!r}: "
            "type the delta of its preview to approve it"
        )
    return done._replace(approver=by)


def apply(run: Run, hash_now: str) -> Run:
    """The run, being applied. Raises Refused."""
    return _current(_next(run, Action.APPLY), hash_now)


def _current(run: Run, hash_now: str) -> Run:
    if run.preview_hash != hash_now:
        raise Refused(
            f"the preview of run {run.id} has expired: the calls or the decks have changed since; "
            "preview it again"
        )
    return run
