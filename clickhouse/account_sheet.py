"""Accounts with their money, as finance looks at them. Nanos; times in milliseconds since 1970 UTC.

May raise ClickHouseDown, ClickHouseRefused.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from clickhouse_connect.driver.client import Client

from billing.parties import Account
from clickhouse import credit
from clickhouse.queries import ask

ROWS_MAX: Final = 100


class Sheet(NamedTuple):
    """An account in one currency: what it was charged and has paid, through all logs."""

    account: Account
    currency: str
    charged_nanos: int
    """of a vendor: what its calls cost us; re-rating is in it"""
    paid_nanos: int
    """payments and adjustments"""


class Movement(NamedTuple):
    """A payment or an adjustment."""

    at_ms: int
    id: str
    kind: str
    nanos: int
    currency: str
    ordered_by: str
    note: str


class CreditEvent(NamedTuple):
    """Something that credit control said of an account."""

    at_ms: int
    kind: str
    nanos: int
    detail: str


def sheets(client: Client, accounts: Iterable[Account]) -> list[Sheet]:
    """The accounts, each once for each currency it has money in; customers first, by name."""
    sums, changed = credit.sums(client, ""), credit.rerated(client)
    found = []
    for account in sorted(accounts, key=lambda a: (a.role, a.account)):
        own = (account.role, account.account)
        other = {key[2] for key in (*sums, *changed) if key[:2] == own} - {account.currency}
        for currency in (account.currency, *sorted(other)):
            key = (*own, currency)
            money = sums.get(key, credit.Sums())
            charged = money.charged_nanos + money.charged_before_nanos + changed.get(key, 0)
            paid = money.paid_nanos + money.paid_before_nanos
            found.append(Sheet(account, currency, charged, paid))
    return found


def movements(client: Client, role: str, account: str) -> list[Movement]:
    """The newest ROWS_MAX payments and adjustments of an account."""
    bound = {"role": role, "account": account, "rows_max": ROWS_MAX}
    return [Movement(*row) for row in ask(client, "movements", bound)]


def credit_events(client: Client, account: str) -> list[CreditEvent]:
    """The newest ROWS_MAX events of a customer's credit."""
    bound = {"account": account, "rows_max": ROWS_MAX}
    return [CreditEvent(*row) for row in ask(client, "credit_events", bound)]
