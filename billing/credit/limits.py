"""What accounts may owe and how much they may call: the operator's limits, as values."""

import tomllib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from billing.errors import OptionsRefused
from billing.money import parse_currency, parse_nanos
from billing.parties import Account

LIMIT_NANOS_MAX: Final = 10**18
CALLS_MAX: Final = 1_000_000
TRUNKS_MAX: Final = 1_000
WHEN_RECOVERING: Final = ("refuse", "allow")
LIMIT_KEYS: Final = {
    "customer": ("limit", "max_calls", "max_calls_per_s", "when_recovering", "trunks"),
    "vendor": ("limit",),
}
_ROLE: Final = {"customers": "customer", "vendors": "vendor"}


class Caps(NamedTuple):
    """Calls at once and new calls a second; 0 = as many as they like."""

    max_calls: int = 0
    max_calls_per_s: int = 0


class Limit(NamedTuple):
    """What one account may owe (a customer) or be owed (a vendor), in its currency.

    A prepaid customer's limit is 0: it spends what it has paid.
    """

    role: str
    account: str
    currency: str
    limit_nanos: int
    caps: Caps = Caps()
    when_recovering: str = "refuse"
    """what new calls get while nobody knows the balance"""
    trunks: Mapping[str, Caps] = {}


def parse_limits(text: str, file: str, accounts: Mapping[tuple[str, str], Account]) -> list[Limit]:
    """Limits of a TOML text with tables [customers.NAME] and [vendors.NAME].

    limit: amount and currency, "1000.00 USD"; of customers also max_calls, max_calls_per_s,
    when_recovering and tables [customers.NAME.trunks.TRUNK] with the two maxima. accounts: those
    that exist, by role and name. Raises OptionsRefused naming file, account, key and value.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise OptionsRefused(f"{file}: not TOML: {error}") from None
    limits = []
    for table, found in document.items():
        if table not in _ROLE:
            raise OptionsRefused(f"{file}: unknown table {table}: customers, vendors")
        for name, entry in _table(f"{file}: {table}", found).items():
            where = f"{file}: {table}.{name}"
            account = accounts.get((_ROLE[table], name))
            if account is None:
                raise OptionsRefused(f"{where}: no such {_ROLE[table]}: load the account first")
            limits.append(limit_of(where, account, entry))
    return limits


def _table(where: str, found: Any, keys: tuple[str, ...] = ()) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise OptionsRefused(f"{where}={found!r}: expected a table")
    for key in set(found) - set(keys) if keys else ():
        raise OptionsRefused(f"{where}: unknown key {key}: {', '.join(keys)}")
    return found


def limit_of(where: str, account: Account, entry: Any) -> Limit:
    """The limit of one table of the text. Raises OptionsRefused, which begins with `where`."""
    entry = _table(where, entry, LIMIT_KEYS[account.role])
    said = entry.get("when_recovering", "refuse")
    if said not in WHEN_RECOVERING:
        raise OptionsRefused(f"{where}: when_recovering={said!r}: {' or '.join(WHEN_RECOVERING)}")
    trunks = _table(f"{where}.trunks", entry.get("trunks", {}))
    if len(trunks) > TRUNKS_MAX:
        raise OptionsRefused(f"{where}: more than {TRUNKS_MAX} trunks")
    return Limit(
        account.role,
        account.account,
        account.currency,
        _money(where, account, entry.get("limit")),
        _caps(where, entry),
        said,
        {
            name: _caps(at, _table(at, caps, Caps._fields))
            for name, caps in trunks.items()
            for at in (f"{where}.trunks.{name}",)
        },
    )


def _money(where: str, account: Account, value: Any) -> int:
    text, _, currency = value.rpartition(" ") if isinstance(value, str) else ("", "", "")
    try:
        nanos = parse_nanos(text)
        currency = parse_currency(currency)
    except ValueError as error:
        raise OptionsRefused(f'{where}: limit={value!r}: {error}: say "1000.00 USD"') from None
    if currency != account.currency:
        raise OptionsRefused(
            f"{where}: limit={value!r}: the account is kept in {account.currency}: say the limit "
            "in this currency"
        )
    if not 0 <= nanos <= LIMIT_NANOS_MAX:
        raise OptionsRefused(f"{where}: limit={value!r}: allowed 0 to {LIMIT_NANOS_MAX // 10**9}")
    return nanos


def _caps(where: str, entry: dict[str, Any]) -> Caps:
    for key in Caps._fields:
        value = entry.get(key, 0)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= CALLS_MAX:
            raise OptionsRefused(f"{where}: {key}={value!r}: a whole number, 0 to {CALLS_MAX}")
    return Caps(*(entry.get(key, 0) for key in Caps._fields))
