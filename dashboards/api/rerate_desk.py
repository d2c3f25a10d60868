"""The desk of runs for endpoints: its refusals as answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from starlette.exceptions import HTTPException

from billing.errors import TollwireError
from clickhouse.client import ClickHouseDown, ClickHouseRefused
from dashboards.api.problems import Refused, Unavailable
from dashboards.api.state import Console
from dashboards.identity.access import NotAllowed
from deploy.runtime.documents import DocumentsDown, documents_url
from rerate import life
from rerate.desk import Desk
from rerate.prices import NoPrices
from rerate.records import Records
from rerate.scope import ScopeRefused
from rerate.sending import Sender
from rerate.steps import Progress, Steps

AWAY = (DocumentsDown, ClickHouseDown, ClickHouseRefused)
"""answered elsewhere, for every endpoint"""


@contextmanager
def desk(parts: Console) -> Iterator[Desk]:
    """The desk. Raises HTTPException: 403, 409 where a run's state forbids it, 422, 503."""
    settings = parts.settings
    with parts.reader.client() as client:
        try:
            records = Records(documents_url(settings))
            yield Desk(Steps(client, records, Sender(settings), settings.rerate_chunk_calls))
        except AWAY:
            raise
        except life.TakesBack as error:
            raise NotAllowed(f"{error}, which needs the role finance.approver") from None
        except (ScopeRefused, NoPrices, life.WrongDelta) as error:
            raise Refused(str(error)) from None
        except life.Refused as error:
            raise HTTPException(HTTPStatus.CONFLICT, str(error)) from None
        except TollwireError as error:
            raise Unavailable(f"The broker did not take it: {error}") from error


def looked_at(found: Desk, number: int) -> tuple[Progress, str]:
    """How far a run is, taken to its next state if its workers are done; why it does not go on.

    Raises HTTPException 404.
    """
    known(found, number)
    try:
        return found.go_on(number), ""
    except life.Refused as refusal:
        return found.look(number), str(refusal)


def known(found: Desk, number: int) -> None:
    """Whether there is such a run. Raises HTTPException 404."""
    try:
        found.look(number)
    except life.Refused as error:
        raise HTTPException(HTTPStatus.NOT_FOUND, str(error)) from None
