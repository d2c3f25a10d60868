"""The desk of drafts for endpoints: its refusals as answers, its changes in the audit log."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TypeVar

from starlette.exceptions import HTTPException

from billing.deck_diff.pair import DiffRefused
from billing.deck_draft import DraftRefused
from billing.errors import BadField, FileRefused, OptionsRefused, RowsRefused, TollwireError
from clickhouse.client import ClickHouseDown, ClickHouseRefused
from dashboards.api.problems import Refused, Unavailable
from dashboards.api.state import Console
from dashboards.documents.drafts import Draft
from dashboards.identity.audit import Event
from dashboards.identity.roles import Person
from dashboards.identity.store import Identity
from deploy.decks.desk import DeckDesk
from deploy.runtime.documents import DocumentsDown

T = TypeVar("T")
AWAY = (DocumentsDown, ClickHouseDown, ClickHouseRefused)
"""answered elsewhere, for every endpoint"""
NOT_ACCEPTED = (OptionsRefused, RowsRefused, FileRefused, DiffRefused, BadField)


@contextmanager
def desk(parts: Console) -> Iterator[DeckDesk]:
    """The desk. Raises HTTPException: 409 where a draft's state forbids it, 422, 503."""
    with parts.reader.client() as client:
        try:
            yield DeckDesk(parts.settings, client)
        except AWAY:
            raise
        except DraftRefused as error:
            raise HTTPException(HTTPStatus.CONFLICT, str(error)) from None
        except NOT_ACCEPTED as error:
            raise Refused(str(error)) from None
        except TollwireError as error:
            raise Unavailable(f"The broker did not take it: {error}") from error


def known(found: DeckDesk, number: int) -> Draft:
    """A draft. Raises HTTPException 404."""
    try:
        return found.drafts.get(number)
    except DraftRefused as error:
        raise HTTPException(HTTPStatus.NOT_FOUND, str(error)) from None


def told(
    identity: Identity, person: Person, what: str, of: str, why: str, act: Callable[[], T]
) -> T:
    """Do something; the log has it before it is done, and a second row if it failed."""

    def tell(name: str) -> None:
        identity.audit.tell(Event(identity.clock_ms(), person.name, name, of, reason=why))

    tell(f"deck.{what}")
    try:
        return act()
    except Exception:
        tell(f"deck.{what}.failed")
        raise
