"""The desk of drafts for endpoints: its refusals as answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from starlette.exceptions import HTTPException

from billing.deck_diff.pair import DiffRefused
from billing.deck_draft import DraftRefused
from billing.errors import BadField, FileRefused, OptionsRefused, RowsRefused, TollwireError
from clickhouse.client import ClickHouseDown, ClickHouseRefused
from dashboards.api.problems import Refused, Unavailable
from dashboards.api.state import Console
from dashboards.documents.drafts import Draft
from deploy.decks.desk import DeckDesk
from deploy.runtime.documents import DocumentsDown

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
