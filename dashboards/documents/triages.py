"""What people said of alerts, in the database of documents; told to the audit log in one go.

A row is replaced only by its next revision: who has not seen the latest changes nothing.
"""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    Text,
    insert,
    select,
    update,
)

from dashboards.identity.audit import Event, append
from dashboards.triage import UNTOUCHED, AlertState, Triage
from deploy.runtime.documents import changing, opened, reading

TABLES: Final = MetaData()
_TRIAGES: Final = Table(
    "alert_triage",
    TABLES,
    Column("alert", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False),
)
_AT_ONCE: Final = 500
"""names in one query"""


class Changed(Exception):
    """Somebody else has said something of the alert meanwhile."""


class Triages:
    """All of them. Raises DocumentsDown."""

    def __init__(self, url: str) -> None:
        self._engine = opened(url)

    def get(self, alert: str) -> Triage:
        """What is kept of an alert; UNTOUCHED if nothing is."""
        return self.of([alert]).get(alert, UNTOUCHED)

    def of(self, alerts: Iterable[str]) -> dict[str, Triage]:
        """What is kept of alerts, of those of which something is."""
        found, names = dict[str, Triage](), list(alerts)
        with reading(self._engine) as connection:
            for at in range(0, len(names), _AT_ONCE):
                some = names[at : at + _AT_ONCE]
                query = select(_TRIAGES).where(_TRIAGES.c.alert.in_(some))
                found |= {row.alert: _triage(row) for row in connection.execute(query)}
        return found

    def write(self, alert: str, before: Triage, after: Triage, event: Event) -> None:
        """Replace what is kept, and tell the audit log, or neither. Raises Changed."""
        with changing(self._engine) as connection:
            if _revision(connection, alert) != before.revision:
                raise Changed
            append(connection, event)
            row = {k: v for k, v in after._asdict().items() if k != "reopened"}
            if before.revision:
                mine = _TRIAGES.c.alert == alert
                connection.execute(update(_TRIAGES).where(mine).values(row))
            else:
                connection.execute(insert(_TRIAGES).values(alert=alert, **row))


def _revision(connection: Connection, alert: str) -> int:
    query = select(_TRIAGES.c.revision).where(_TRIAGES.c.alert == alert)
    return connection.execute(query).scalar_one_or_none() or 0


def _triage(row: Any) -> Triage:
    said = (row.owner, row.until_ms, row.reason, row.severity, row.at_ms, row.revision)
    return Triage(AlertState(row.state), *said)
