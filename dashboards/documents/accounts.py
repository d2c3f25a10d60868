"""Accounts and their limits, in the database of documents, with the outbox of those to hand over.

A change, its row in the audit log and its row in the outbox are one transaction: whatever is kept
is told to the workers, however often the broker was away. The outbox names accounts, not states:
what is handed over is what is kept at that moment.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from billing.account_terms import AccountTerms, replaced, words
from billing.credit.limits import Caps, Limit
from billing.parties import Account
from dashboards.identity.audit import Event, append
from deploy.runtime.documents import changing, opened, reading

TABLES: Final = MetaData()
_ACCOUNTS: Final = Table(
    "account",
    TABLES,
    Column("role", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("document", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
)
_OUTBOX: Final = Table(
    "account_outbox",
    TABLES,
    Column("number", Integer, primary_key=True),
    Column("role", Text, nullable=False),
    Column("account", Text, nullable=False),
)
CHANGE: Final = "account.change"
TOLD_MAX: Final = 1_000
HANDED_MAX: Final = 1_000
"""of one round"""


class Changed(Exception):
    """Somebody else has changed the account meanwhile."""


class Kept(NamedTuple):
    """An account as it is kept; changed_ms grows with every revision."""

    terms: AccountTerms
    revision: int
    changed_ms: int


class Due(NamedTuple):
    """Accounts to hand over, and the rows of the outbox that name them."""

    accounts: list[Kept]
    numbers: list[int]


class Accounts:
    """All accounts. Raises DocumentsDown."""

    def __init__(self, url: str) -> None:
        self._engine = opened(url)

    def get(self, role: str, account: str) -> Kept | None:
        """One account."""
        with reading(self._engine) as connection:
            return _get(connection, role, account)

    def any(self) -> bool:
        """Whether there is one."""
        with reading(self._engine) as connection:
            return connection.execute(select(_ACCOUNTS.c.role).limit(1)).one_or_none() is not None

    def all(self) -> list[Kept]:
        """Every account, customers first, by name."""
        with reading(self._engine) as connection:
            query = select(_ACCOUNTS).order_by(_ACCOUNTS.c.role, _ACCOUNTS.c.account)
            return [_kept(row) for row in connection.execute(query)]

    def write(self, terms: AccountTerms, revision: int, event: Event) -> Kept:
        """Keep an account as it is now. revision: the one it was made of, 0 for a new one.

        Raises Changed, OptionsRefused.
        """
        with changing(self._engine) as connection:
            before = _get(connection, terms.account.role, terms.account.account)
            if (before.revision if before else 0) != revision:
                raise Changed
            append(connection, event)
            return _write(connection, before, terms, event.at_ms)

    def load(self, terms: Sequence[AccountTerms], event: Event) -> list[Kept]:
        """Keep accounts of a file, all or none; those that it changes. Raises OptionsRefused.

        The audit log is told of the file, and of each account unless more than TOLD_MAX change.
        """
        with changing(self._engine) as connection:
            found, told = [], []
            for each in terms:
                before = _get(connection, each.account.role, each.account.account)
                if not before or replaced(before.terms, each) != before.terms:
                    found.append(_write(connection, before, each, event.at_ms))
                    told.append(_change(event, before, found[-1]))
            append(connection, event._replace(after=f"{len(found)} of {len(terms)} changed"))
            for one in told if len(told) <= TOLD_MAX else ():
                append(connection, one)
        return found

    def adopt(self, terms: Iterable[AccountTerms], at_ms: int) -> None:
        """Keep accounts from before there were documents of them; the workers know them."""
        with changing(self._engine) as connection:
            if connection.execute(select(func.count()).select_from(_ACCOUNTS)).scalar_one():
                return
            for each in terms:
                own = each.account
                key = {"role": own.role, "account": own.account}
                row = {**key, "document": _document(each), "revision": 1, "changed_ms": at_ms}
                connection.execute(insert(_ACCOUNTS).values(**row))

    def due(self) -> Due:
        """What is to be handed over next, the oldest change first, at most HANDED_MAX."""
        with reading(self._engine) as connection:
            query = select(_OUTBOX).order_by(_OUTBOX.c.number).limit(HANDED_MAX)
            rows = connection.execute(query).all()
            keys = dict.fromkeys((row.role, row.account) for row in rows)
            found = [_get(connection, *key) for key in keys]
        return Due([each for each in found if each], [row.number for row in rows])

    def is_due(self, role: str, account: str) -> bool:
        """Whether the account's last change is yet to be handed over."""
        query = select(_OUTBOX.c.number).where(_OUTBOX.c.role == role, _OUTBOX.c.account == account)
        with reading(self._engine) as connection:
            return connection.execute(query.limit(1)).scalar_one_or_none() is not None

    def done(self, due: Due) -> None:
        """Take rows out of the outbox: what they name was handed over."""
        with changing(self._engine) as connection:
            for number in due.numbers:
                connection.execute(delete(_OUTBOX).where(_OUTBOX.c.number == number))


def _get(connection: Connection, role: str, account: str) -> Kept | None:
    mine = (_ACCOUNTS.c.role == role, _ACCOUNTS.c.account == account)
    row = connection.execute(select(_ACCOUNTS).where(*mine)).one_or_none()
    return _kept(row) if row else None


def _change(event: Event, before: Kept | None, after: Kept) -> Event:
    account = after.terms.account
    of = f"{account.role} {account.account}"
    was = words(before.terms if before else None)
    return Event(event.at_ms, event.actor, CHANGE, of, was, words(after.terms), event.object)


def _write(connection: Connection, before: Kept | None, terms: AccountTerms, at_ms: int) -> Kept:
    terms = replaced(before.terms if before else None, terms)
    role, name = terms.account.role, terms.account.account
    changed_ms = max(at_ms, before.changed_ms + 1) if before else at_ms
    kept = Kept(terms, before.revision + 1 if before else 1, changed_ms)
    own = {"document": _document(terms), "revision": kept.revision, "changed_ms": changed_ms}
    if before:
        mine = (_ACCOUNTS.c.role == role, _ACCOUNTS.c.account == name)
        connection.execute(update(_ACCOUNTS).where(*mine).values(**own))
    else:
        connection.execute(insert(_ACCOUNTS).values(role=role, account=name, **own))
    connection.execute(insert(_OUTBOX).values(role=role, account=name))
    return kept


def _document(terms: AccountTerms) -> str:
    limit = terms.limit
    said: dict[str, Any] = {"account": terms.account._asdict(), "limit": None}
    if limit:
        trunks = {name: caps._asdict() for name, caps in limit.trunks.items()}
        said["limit"] = {**limit._asdict(), "caps": limit.caps._asdict(), "trunks": trunks}
    return json.dumps(said)


def _kept(row: Any) -> Kept:
    said = json.loads(row.document)
    limit = said["limit"]
    if limit:
        trunks = {name: Caps(**caps) for name, caps in limit["trunks"].items()}
        limit = Limit(**{**limit, "caps": Caps(**limit["caps"]), "trunks": trunks})
    return Kept(AccountTerms(Account(**said["account"]), limit), row.revision, row.changed_ms)
