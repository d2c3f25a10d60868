"""Customers and vendors: who they are, and which deck prices their calls."""

import tomllib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from billing.cdr import TEXT_MAX
from billing.errors import OptionsRefused
from billing.money import parse_currency

ROLES: Final = ("customer", "vendor")
ACCOUNTS_MAX: Final = 100_000
DECK_KEY: Final = {"customer": "sell_deck", "vendor": "buy_deck"}


class Account(NamedTuple):
    """A trading partner in one role; a customer's deck is a sell deck, a vendor's a buy deck."""

    account: str
    role: str
    name: str
    deck: str
    currency: str


class Parties(NamedTuple):
    """All accounts, by name within their role."""

    customers: Mapping[str, Account]
    vendors: Mapping[str, Account]


def parties_of(accounts: list[Account]) -> Parties:
    """Accounts by role; the last of one name wins."""
    return Parties(
        {a.account: a for a in accounts if a.role == "customer"},
        {a.account: a for a in accounts if a.role == "vendor"},
    )


def tables_of(text: str, file: str) -> dict[str, dict[str, Any]]:
    """The tables customers and vendors of a TOML text. Raises OptionsRefused."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise OptionsRefused(f"{file}: not TOML: {error}") from None
    unknown = set(document) - {"customers", "vendors"}
    if unknown:
        raise OptionsRefused(f"{file}: unknown table {sorted(unknown)[0]}: customers, vendors")
    for table, found in document.items():
        if not isinstance(found, dict):
            raise OptionsRefused(f"{file}: {table}={found!r}: expected tables [{table}.NAME]")
    return document


def account_of(file: str, role: str, account: str, entry: Any) -> Account:
    """The account of one table of the text. Raises OptionsRefused naming file, account, key."""
    where = f"{file}: {role}s.{account}"
    if not isinstance(entry, dict):
        raise OptionsRefused(f"{where}: expected a table")
    if not 1 <= len(account.encode()) <= TEXT_MAX:
        raise OptionsRefused(f"{where}: a name has 1 to {TEXT_MAX} bytes")
    deck_key = DECK_KEY[role]
    for key in (deck_key, "currency"):
        if not isinstance(entry.get(key), str) or not entry[key]:
            raise OptionsRefused(f"{where}: {key} is required, a text")
    for key in set(entry) - {"name", "currency", deck_key}:
        raise OptionsRefused(f"{where}: unknown key {key}: name, currency, {deck_key}")
    try:
        currency = parse_currency(entry["currency"])
    except ValueError as error:
        raise OptionsRefused(f"{where}: currency={entry['currency']!r}: {error}") from None
    return Account(account, role, str(entry.get("name") or account), entry[deck_key], currency)
