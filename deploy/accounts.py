"""Accounts and limits: kept as documents first, then handed over to ClickHouse and the workers.

What is kept and not yet handed over waits in the outbox; whoever comes next hands it over.
"""

import asyncio
import getpass
import time
from collections.abc import Sequence
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Final

from clickhouse_connect.driver.client import Client

from billing.account_terms import AccountTerms, format_csv, format_toml, parse_terms
from billing.credit.limits import Limit, parse_limits
from billing.errors import OptionsRefused, TollwireError
from billing.parties import Account
from clickhouse import credit, reference
from clickhouse.client import connect
from dashboards.documents.accounts import Accounts, Due
from dashboards.identity.audit import Event
from deploy.files import read_file
from deploy.runtime.documents import alone, documents_url
from deploy.runtime.settings import Settings
from streams import decks
from streams.topics import ensure_topics

OUTBOX: Final = "outbox"


class NotToldYet(TollwireError):
    """What was loaded is kept and waits in the outbox; the message says for what."""


def opened(settings: Settings, client: Client) -> Accounts:
    """The documents of accounts; those that only ClickHouse knows yet are taken over once.

    Raises DocumentsDown, ClickHouseDown.
    """
    found = Accounts(documents_url(settings))
    if not found.any():
        limits = {(own.role, own.account): own for own in credit.load_limits(client)}
        known = reference.load_accounts(client)
        terms = [AccountTerms(own, limits.get((own.role, own.account))) for own in known]
        found.adopt(terms, _now_ms())
    return found


def load_accounts(settings: Settings, path: Path) -> list[Account]:
    """Keep the accounts of a file (billing.account_terms) and hand them over.

    Raises OptionsRefused, FileRefused, DocumentsDown, ClickHouseDown (nothing was changed), or
    NotToldYet.
    """
    terms = parse_terms(read_file(path), str(path))
    _load(settings, terms, f"accounts of {path.name}")
    return [each.account for each in terms]


def load_limits(settings: Settings, path: Path) -> list[Limit]:
    """Keep the credit limits of a TOML file (billing.credit.limits) and hand them over.

    Raises as load_accounts.
    """
    try:
        text = read_file(path).decode()
    except UnicodeDecodeError:
        raise OptionsRefused(f"{path}: not UTF-8 text: is it TOML?") from None
    with closing(connect(settings)) as client:
        known = [each.terms.account for each in opened(settings, client).all()]
    accounts = {(own.role, own.account): own for own in known}
    limits = parse_limits(text, str(path), accounts)
    terms = [AccountTerms(accounts[own.role, own.account], own) for own in limits]
    _load(settings, terms, f"limits of {path.name}")
    return limits


def exported(settings: Settings, as_csv: bool) -> str:
    """Every account as a file (billing.account_terms). Raises DocumentsDown, ClickHouseDown."""
    with closing(connect(settings)) as client:
        terms = [each.terms for each in opened(settings, client).all()]
    return format_csv(terms) if as_csv else format_toml(terms)


def _load(settings: Settings, terms: Sequence[AccountTerms], what: str) -> None:
    with closing(connect(settings)) as client:
        found = opened(settings, client)
        found.load(terms, Event(_now_ms(), getpass.getuser(), "accounts.load", what))
        try:
            hand_over(settings, client, found)
        except TollwireError as error:
            raise NotToldYet(
                f"the {what} are kept, but the workers have not been told: a running console does "
                f"that as soon as it can, or the same command again ({error})"
            ) from error


def hand_over(settings: Settings, client: Client, accounts: Accounts) -> int:
    """Hand over what waits in the outbox, one process at a time; how many accounts.

    Raises DocumentsDown, ClickHouseDown, BrokerDown; then what is left waits on.
    """
    count = 0
    with alone(documents_url(settings), OUTBOX):
        while (due := accounts.due()).numbers:
            _hand_over(settings, client, due)
            accounts.done(due)
            count += len(due.accounts)
    return count


def _hand_over(settings: Settings, client: Client, due: Due) -> None:
    """ClickHouse first: what a worker rates by can be read there. All of it may be sent again."""
    by_time = sorted(due.accounts, key=lambda each: each.changed_ms)
    for changed_ms, same in groupby(by_time, key=lambda each: each.changed_ms):
        terms = [each.terms for each in same]
        reference.save_accounts(client, [each.account for each in terms], changed_ms)
        if limited := [each.limit for each in terms if each.limit]:
            credit.save_limits(client, limited, changed_ms)
    accounts = [each.terms.account for each in due.accounts]
    limits = [each.terms.limit for each in due.accounts if each.terms.limit]
    asyncio.run(ensure_topics(settings))
    asyncio.run(decks.publish(settings, accounts=accounts, limits=limits))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
