"""What an account is: its name, deck, currency and limit, as a document that people change."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header
from starlette.exceptions import HTTPException
from starlette.responses import Response

from billing.account_terms import AccountTerms, replaced, terms_of, words
from billing.parties import DECK_KEY
from dashboards.account_schemas import LimitTerms, Role, TermsSent, TermsView
from dashboards.api.account_desk import documents, terms_view
from dashboards.api.state import Parts
from dashboards.api.tags import IfMatch, Stale, tagged, unchanged
from dashboards.api.who import (
    BODY_BYTES_MAX,
    REFUSALS,
    STAFF_ONLY,
    Approver,
    Identities,
    refusals,
)
from dashboards.documents.accounts import CHANGE
from dashboards.identity.audit import Event

IfNoneMatch = Annotated[
    str | None, Header(description="`*`: make a new account, change none.", max_length=64)
]
SENT = "what was sent"

router = APIRouter(
    prefix="/v1/accounts",
    tags=["accounts"],
    responses=REFUSALS,
    max_body_size=BODY_BYTES_MAX,
)


@router.get("/{role}/{account}/terms", dependencies=[Depends(STAFF_ONLY)], responses=refusals(404))
def read_terms(parts: Parts, role: Role, account: str, response: Response) -> TermsView:
    """An account as it is kept, and whether the workers have been told."""
    with documents(parts) as found:
        kept, due = found.get(role, account), found.is_due(role, account)
    if kept is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"There is no {role} {account!r}.")
    tagged(response, kept.revision)
    return terms_view(kept, due)


@router.put("/{role}/{account}/terms", responses=refusals(412, 413, 422, 428))
def keep_terms(
    parts: Parts,
    person: Approver,
    identity: Identities,
    role: Role,
    account: str,
    sent: TermsSent,
    response: Response,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> TermsView:
    """Make an account, or change it; the workers are told within seconds."""
    with documents(parts) as found:
        kept = found.get(role, account)
        revision = kept.revision if kept else 0
        if if_none_match == "*" and kept:
            raise Stale
        if if_none_match != "*":
            unchanged(if_match, revision)
        before = kept.terms if kept else None
        after = replaced(before, _terms(role, account, sent))
        now_ms, of = identity.clock_ms(), f"{role} {account}"
        told = (person.name, CHANGE, of, words(before), words(after), sent.why)
        now = found.write(after, revision, Event(now_ms, *told))
    tagged(response, now.revision)
    return terms_view(now, due=True)


def _terms(role: Role, account: str, sent: TermsSent) -> AccountTerms:
    """Checked as those of a file are. Raises OptionsRefused."""
    entry: dict[str, Any] = {
        "name": sent.name,
        DECK_KEY[role]: sent.deck,
        "currency": sent.currency,
    }
    if sent.limit:
        entry |= _limit(sent.limit, sent.currency)
    return terms_of(SENT, role, account, entry)


def _limit(sent: LimitTerms, currency: str) -> dict[str, Any]:
    """As in a file: what is not said is left out, so that a vendor's needs no calls."""
    own = sent.model_dump(exclude_defaults=True)
    return {**own, "limit": f"{sent.limit} {currency}"}
